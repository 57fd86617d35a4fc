//! Events from one service to another, through librdkafka's in-process broker.

mod scenarios;

use restaurant_booking_tests::{Platform, Setup};

macro_rules! on_the_broker_of_the_test {
    ($($scenario:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $scenario() {
            let broker = restaurant_booking_tests::broker::Broker::start();
            scenarios::$scenario(restaurant_booking_tests::platform::kafka(&broker.bootstrap_servers)).await;
        }
    )*};
}

scenarios::each!(on_the_broker_of_the_test);

/// What happens while the broker is away is told when it is back, in order; nobody is refused meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_for_a_while() {
    let platform = Platform::start(Setup { services: vec!["menu", "reservation"], ..Setup::default() }).await;
    let broker = platform.broker.as_ref().expect("a broker");
    scenarios::while_the_broker_is_away(&platform, || broker.down(), || broker.up()).await;
    platform.stop().await;
}
