//! A bare client that makes the objects of many resources, and waits for the same things in the same order as the operator. It is what the
//! operator is held against: it asks the API server nothing, writes no status, and looks at nothing again.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, ObjectMeta, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Resource as _, ResourceExt as _};
use operator::reconcile::backend::broker::settings::{External, Kafka, KafkaBackend, KafkaSecurity, Topics};
use operator::reconcile::brokers;
use operator::reconcile::build::Object;
use operator::reconcile::kafka::ensure_topics;
use operator::reconcile::kind::Kind;
use operator::reconcile::observe::{State, observe};
use operator::reconcile::step::{ORDER, Step};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::Result;

/// The label by which its objects are told apart.
const MANAGER: &str = "load";
/// The kinds for whose state the operator waits, of those that the smallest resource has.
const WATCHED: [Kind; 3] = [Kind::StatefulSet, Kind::Job, Kind::Deployment];

/// How long the broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the broker keeps an event: what the operator asks for by default.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An object by namespace, kind and name.
type Place = (String, Kind, String);

#[derive(Default)]
struct Seen {
    done: Mutex<HashSet<Place>>,
    changed: Notify,
}

pub(crate) struct Bare {
    client: Client,
    turns: Semaphore,
    /// The address of the broker, and what is asked of it.
    broker: (String, Kafka),
    /// The questions to the broker that are under way: as many as the operator's.
    questions: Semaphore,
    seen: Arc<Seen>,
    /// The watches, which end with the client.
    _watches: JoinSet<()>,
}

impl Bare {
    /// A client with so many requests under way at most, which asks the broker at this address for the topics.
    pub(crate) fn start(client: Client, at_once: usize, broker: &str) -> Self {
        let (seen, mut watches) = (Arc::<Seen>::default(), JoinSet::new());
        for kind in WATCHED {
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind.resource());
            let config = watcher::Config::default().labels(&format!("app.kubernetes.io/managed-by={MANAGER}"));
            let seen = seen.clone();
            watches.spawn(async move {
                let mut objects = watcher(api, config).default_backoff().applied_objects().boxed();
                while let Some(object) = objects.next().await {
                    let Ok(object) = object else { continue };
                    let place = (object.namespace().unwrap_or_default(), kind, object.name_any());
                    let whole = serde_json::to_value(object).expect("an object is JSON");
                    if observe(kind, &whole).state == State::Done {
                        seen.done.lock().unwrap_or_else(PoisonError::into_inner).insert(place);
                        seen.changed.notify_waiters();
                    }
                }
            });
        }
        let topics = Topics { prefix: String::new(), partitions: 3, replication_factor: None, retention: RETENTION };
        let kafka = Kafka {
            backend: KafkaBackend::External(External),
            bootstrap_servers: broker.to_owned(),
            security: KafkaSecurity::default(),
            topics,
        };
        let questions = Semaphore::new(brokers::AT_ONCE);
        Self { client, turns: Semaphore::new(at_once), broker: (broker.to_owned(), kafka), questions, seen, _watches: watches }
    }

    /// Makes the objects of a resource in each of some namespaces; returns the time until the last of them is made.
    pub(crate) async fn make(&self, namespaces: &[String], objects: &[Object]) -> Result<Duration> {
        let started = Instant::now();
        let all: FuturesUnordered<_> = namespaces.iter().map(|namespace| self.resource(namespace, objects)).collect();
        let last: Vec<Instant> = all.try_collect().await?;
        Ok(last.into_iter().max().unwrap_or(started) - started)
    }

    /// Each step begins when those that it waits for are done. Returns when the last object was made.
    async fn resource(&self, namespace: &str, objects: &[Object]) -> Result<Instant> {
        // The garbage collector follows owners: objects without one would cost less.
        let owner = Api::<ConfigMap>::namespaced(self.client.clone(), namespace);
        let metadata = ObjectMeta { name: Some("owner".to_owned()), ..Default::default() };
        let owner = owner.create(&PostParams::default(), &ConfigMap { metadata, ..Default::default() }).await?;
        let owner = &json!([owner.controller_owner_ref(&())]);
        let (mut left, mut done, mut last) = (ORDER.to_vec(), BTreeSet::new(), Instant::now());
        let mut running = FuturesUnordered::new();
        loop {
            let (next, later): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|step| step.waits_for().iter().all(|other| done.contains(other)));
            left = later;
            running.extend(next.into_iter().map(|step| self.step(namespace, owner, step, objects)));
            let Some(outcome) = running.next().await else { return Ok(last) };
            let (step, made) = outcome?;
            last = last.max(made);
            done.insert(step);
        }
    }

    async fn step(&self, namespace: &str, owner: &Value, step: Step, objects: &[Object]) -> Result<(Step, Instant)> {
        let of_step = || objects.iter().filter(|object| object.step == step);
        let writes: FuturesUnordered<_> = of_step().map(|object| self.create(namespace, owner, object)).collect();
        writes.try_collect::<Vec<()>>().await?;
        let made = Instant::now();
        if step == Step::Topics {
            let _turn = self.questions.acquire().await;
            let (address, kafka) = &self.broker;
            ensure_topics(address, kafka, PATIENCE).await?;
        }
        for object in of_step().filter(|object| WATCHED.contains(&object.kind)) {
            let place = (namespace.to_owned(), object.kind, object.name.clone());
            loop {
                let changed = self.seen.changed.notified();
                if self.seen.done.lock().unwrap_or_else(PoisonError::into_inner).contains(&place) {
                    break;
                }
                // A notice may have come before it was waited for.
                let _ = tokio::time::timeout(Duration::from_millis(100), changed).await;
            }
        }
        Ok((step, made))
    }

    async fn create(&self, namespace: &str, owner: &Value, object: &Object) -> Result<()> {
        let mut body = object.body.clone();
        body["metadata"]["namespace"] = namespace.into();
        if let Some(references) = body["metadata"].get_mut("ownerReferences") {
            references.clone_from(owner);
        }
        body["metadata"]["labels"]["app.kubernetes.io/managed-by"] = MANAGER.into();
        let _turn = self.turns.acquire().await;
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &object.kind.resource());
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        api.create(&params, &serde_json::from_value(body)?).await?;
        Ok(())
    }
}
