//! The topics of a platform. No watch reports their changes, so the last result is kept for a time.

use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;
use serde_json::Value;
use tracing::info;

use crate::timing;

use super::apply::Applier;
use super::checksum::checksum;
use super::context::Context;
use super::failure::Failure;
use super::kafka;
use super::kind::Kind;
use super::observe::State;
use super::platform::Platform;
use super::reason::OF_BROKER;
use super::resource::Owner;
use super::status::{Progress, Steps};
use super::step::Step;

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
    let was_away =
        context.remember(owner, |remembered| remembered.topics_failed.as_ref().is_some_and(|(_, reason, _)| OF_BROKER.contains(reason)));
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

/// Forgets what is known of the topics of a resource: a broker that comes back may have lost them.
pub fn forget(context: &Context, owner: &Owner) {
    context.remember(owner, |remembered| remembered.topics = None);
    context.brokers.forget(owner);
}

/// A broker that does not answer about its topics is not ready, even if its Pods are.
pub fn judge_broker(steps: &mut Steps) {
    if let State::Failed { reason, .. } = &steps[&Step::Topics].state
        && OF_BROKER.contains(reason)
    {
        let state = steps[&Step::Topics].state.clone();
        steps.insert(Step::Kafka, Progress::of(state));
    }
}

/// Whether the Pods of a Deployment use the specified broker and the specified topics already.
pub async fn uses_broker(applier: &Applier<'_>, platform: &Platform, step: Step, live: &Value) -> Result<bool, Failure> {
    let source = live.pointer("/spec/template/spec/containers/0/envFrom/0/configMapRef/name");
    let Some(name) = source.and_then(Value::as_str) else { return Ok(false) };
    let settings = applier.get(step, Kind::ConfigMap, name).await?.unwrap_or_default();
    let is = |name: &str, value: &str| settings["data"][name].as_str().unwrap_or_default() == value;
    let kafka = &platform.kafka;
    Ok(is("KAFKA_BOOTSTRAP_SERVERS", &kafka.bootstrap_servers) && is("KAFKA_TOPIC_PREFIX", &kafka.topics.prefix))
}
