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

on_the_broker_of_the_test!(
    a_user_becomes_a_guest,
    bookings_become_a_users_activity,
    every_replica_of_the_menu_follows,
    every_event_keeps_its_contract,
    events_of_one_aggregate_keep_their_order,
    a_relay_killed_between_publishing_and_deleting,
    of_two_relays_one_publishes,
    an_event_that_the_broker_refuses_holds_back_its_aggregate_alone,
    an_event_that_cannot_be_handled_holds_back_its_key_alone,
    an_event_that_the_database_does_not_take_waits,
);

/// What happens while the broker is away is told when it is back, in order; nobody is refused meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_for_a_while() {
    let platform = Platform::start(Setup { services: vec!["menu", "reservation"], ..Setup::default() }).await;
    let broker = platform.broker.as_ref().expect("a broker");
    scenarios::while_the_broker_is_away(&platform, || broker.down(), || broker.up()).await;
    platform.stop().await;
}
