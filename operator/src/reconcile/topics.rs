//! The topics of a platform, of which no watch tells: what was found of them, and what the broker is asked.

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

/// How the topics do.
pub enum Topics {
    /// They are as they are wanted.
    AsWanted,
    /// The broker has not answered yet; when it has, the resource is reconciled again. Until then what was known holds: `None` where the
    /// topics were as they are wanted.
    Asking(Option<State>),
    /// The broker does not do what is asked.
    Failed(Failure),
}

/// Brings the topics to what is wanted, through the broker; what was found holds for so long.
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
    // The receiver is gone only when we are about to be.
    let tell = move || drop(trigger.send(ObjectRef::new(&resource.name).within(&resource.namespace)));
    let broker = checksum(format!("{address} {:?}", platform.kafka.security).as_bytes());
    match context.brokers.ask(owner, &broker, &wanted, question, tell).await {
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
