//! The tests of `tests/events` against a real Apache Kafka. Where it cannot be had they say why and count as ignored.

mod apache;
#[path = "../events/scenarios.rs"]
mod scenarios;

use std::process::ExitCode;
use std::sync::Arc;

use apache::Node;
use libtest_mimic::{Arguments, Trial};
use restaurant_booking_tests::{Platform, Setup};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

macro_rules! on_a_real_kafka {
    ($node:expr, $($scenario:ident),* $(,)?) => {
        vec![$({
            let node: Option<Arc<Node>> = $node.clone();
            Trial::test(stringify!($scenario), move || {
                let node = node.ok_or("there is no Apache Kafka")?;
                runtime().block_on(async { scenarios::$scenario(node.installation().await).await });
                Ok(())
            })
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each of them starts services; more at once would only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let jars = if arguments.list { Err("only a list is wanted".to_owned()) } else { apache::jars() };
    if let (Err(missing), false) = (&jars, arguments.list) {
        eprintln!("The tests against a real Apache Kafka are skipped: {missing}.");
    }
    let node = jars.as_ref().ok().map(|jars| Arc::new(Node::start(jars)));
    let mut trials = scenarios::each!(on_a_real_kafka, node);
    let own = jars.clone();
    trials.push(Trial::test("a_broker_that_is_killed_and_comes_back", move || {
        // A node of its own: the others must not lose theirs.
        let node = Node::start(&own?);
        runtime().block_on(async {
            let setup = Setup { services: vec!["menu", "reservation"], kafka: Some(node.installation().await), ..Setup::default() };
            let platform = Platform::start(setup).await;
            scenarios::while_the_broker_is_away(&platform, || node.down(), || node.up()).await;
            platform.stop().await;
        });
        Ok(())
    }));
    let skipped = jars.is_err();
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(skipped)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(node);
    conclusion.exit_code()
}
