//! The topics of a platform. No watch reports their changes, so the last result is kept for a time.

use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;
use tracing::info;

use crate::timing;

use super::context::Context;
use super::failure::Failure;
use super::kafka;
use super::observe::State;
use super::platform::Platform;
use super::resource::Owner;
use super::step::Step;
use super::validate::checksum;

/// The state of the topics.
pub enum Topics {
    /// They are as specified.
    AsWanted,
    /// The broker has not answered yet; its answer enqueues the resource. The last known state holds until then: `None` if the topics were
    /// as specified.
    Asking(Option<State>),
    /// The broker refuses the request, or does not answer.
    Failed(Failure),
}

/// Applies the topics through the broker, unless a result younger than `holds` is known.
pub async fn topics(context: &Context, owner: &Owner, platform: &Platform, holds: Duration) -> Topics {
    let wanted = checksum(format!("{:?}", platform.kafka).as_bytes());
    let is_fresh = context
        .remember(owner, |remembered| remembered.topics.as_ref().is_some_and(|(known, at)| *known == wanted && at.elapsed() < holds));
    if is_fresh {
        return Topics::AsWanted;
    }
    let address = context.kafka_address.as_ref().unwrap_or(&platform.kafka.bootstrap_servers).clone();
    let asked = address.clone();
    let (kafka, trigger, resource) = (platform.kafka.clone(), context.trigger.clone(), owner.clone());
    let question = async move { kafka::ensure_topics(&asked, &kafka, timing::BROKER).await };
    // The receiver is gone only when the operator stops.
    let tell = move || drop(trigger.send(ObjectRef::new(&resource.name).within(&resource.namespace)));
    let broker = checksum(format!("{address} {:?}", platform.kafka.security).as_bytes());
    let was_away = context.remember(owner, |remembered| remembered.topics_failed.is_some());
    match context.brokers.ask(owner, (&broker, was_away), &wanted, question, tell).await {
        None => context.remember(owner, |remembered| {
            Topics::Asking(match (&remembered.topics, &remembered.topics_failed) {
                (Some((known, _)), _) if *known == wanted => None,
                (_, Some((of, reason, message))) if *of == wanted => Some(State::Failed { reason, message: message.clone() }),
                _ => Some(State::Waiting("topics: the broker has not answered yet".to_owned())),
            })
        }),
        Some(Ok(report)) => {
            if !report.is_empty() {
                info!(resource = owner.name, namespace = owner.namespace, "topics: {report}");
            }
            context.remember(owner, |remembered| {
                remembered.topics = Some((wanted, Instant::now()));
                remembered.topics_failed = None;
            });
            Topics::AsWanted
        }
        Some(Err(error)) => {
            let failure = Failure { step: Step::Topics, reason: error.reason(), message: format!("topics: {error}") };
            context.remember(owner, |remembered| {
                remembered.topics = None;
                remembered.topics_failed = Some((wanted, failure.reason, failure.message.clone()));
            });
            Topics::Failed(failure)
        }
    }
}
