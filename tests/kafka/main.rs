//! The tests of `tests/events` against a real Apache Kafka, those of its logins and TLS, and those of the topics that the operator makes.
//! Where it cannot be had they say why and count as ignored, as do those of TLS without the feature `kafka-tls`.

mod apache;
#[path = "../events/scenarios.rs"]
mod scenarios;
mod security;
mod topics;

use std::process::ExitCode;
use std::sync::Arc;

use apache::{Node, PASSWORD};
use chassis::run::config::Kafka;
use libtest_mimic::{Arguments, Trial};
use restaurant_booking_tests::{Platform, Setup};
use security::Log;

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

/// A scenario on a broker that asks for a login, and perhaps TLS: the services and the tests' own clients alike.
fn secured<F>(
    name: &str,
    node: &Option<Arc<Node>>,
    reach: fn(&Node, Kafka) -> Kafka,
    scenario: impl FnOnce(Kafka) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    let node = node.clone();
    Trial::test(name, move || {
        let node = node.ok_or("there is no Apache Kafka")?;
        runtime().block_on(async { scenario(reach(&node, node.installation().await)).await });
        Ok(())
    })
}

/// The broker that asks for a login, and that does so through TLS.
fn logins(node: &Option<Arc<Node>>, log: &Log) -> Vec<Trial> {
    let (in_plain, through_tls, unknown) = (log.clone(), log.clone(), log.clone());
    let rejected = ["the broker does not let the service in", "Authentication failed"];
    let without_tls = !apache::has_tls();
    vec![
        secured("a_login", node, |node, kafka| node.with_login(kafka, PASSWORD), scenarios::a_user_becomes_a_guest),
        secured(
            "a_wrong_password",
            node,
            |node, kafka| node.with_login(kafka, "swordfish"),
            move |kafka| async move {
                security::a_broker_that_does_not_let_the_service_in(kafka, &in_plain, rejected, "swordfish").await;
            },
        ),
        secured("a_login_through_tls", node, |node, kafka| node.with_tls(kafka, PASSWORD, true), scenarios::a_user_becomes_a_guest)
            .with_ignored_flag(without_tls),
        secured(
            "a_wrong_password_through_tls",
            node,
            |node, kafka| node.with_tls(kafka, "mackerel", true),
            move |kafka| async move {
                security::a_broker_that_does_not_let_the_service_in(kafka, &through_tls, rejected, "mackerel").await;
            },
        )
        .with_ignored_flag(without_tls),
        secured(
            "a_broker_that_nobody_vouches_for",
            node,
            |node, kafka| node.with_tls(kafka, PASSWORD, false),
            move |kafka| async move {
                let told = ["there is no TLS with the broker", "broker certificate could not be verified"];
                security::a_broker_that_does_not_let_the_service_in(kafka, &unknown, told, PASSWORD).await;
            },
        )
        .with_ignored_flag(without_tls),
    ]
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
    trials.extend(logins(&node, &Log::keep()));
    trials.extend(topics::trials(&node));
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
    let trials = trials.into_iter().map(|trial| if skipped { trial.with_ignored_flag(true) } else { trial }).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(node);
    conclusion.exit_code()
}
