//! Each field of the spec is changed and changed back: the result equals the objects of a fresh resource.
//!
//! The objects of a fresh resource are those that are built from it, as the API server would store them now: a dry run in an empty
//! namespace. At the start of a lane the resource really is fresh, and is compared in the same way.

mod fresh;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::StreamExt as _;
use kube::ResourceExt as _;
use kube::runtime::{WatchStreamExt as _, watcher};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::apache::PASSWORD;
use crate::normal::{Objects, differences, objects};
use crate::simulated::Simulated;
use crate::world::{Operator, PATIENCE, Place};

use fresh::Fresh;
use table::{Broker, Expected, Lane, Row, lanes};

/// The resource of every lane.
const NAME: &str = "trattoria";

/// Every field of the definition has a row, and every row has a field.
pub(crate) async fn every_field_has_a_row(_: &Place) {
    let crd = serde_json::to_value(operator::api::crd()).expect("JSON");
    let mut fields = BTreeSet::new();
    leaves("", &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], &mut fields);
    let rows: BTreeSet<String> = lanes("").into_iter().flat_map(|lane| lane.rows).flat_map(|row| row.set).map(|(path, _)| path).collect();
    let missing: Vec<_> = fields.difference(&rows).collect();
    assert!(missing.is_empty(), "fields without a row in tests/operator/fields/table.rs: {missing:#?}");
    // A row may also set or remove an object with all its fields.
    let unknown: Vec<_> =
        rows.iter().filter(|row| !fields.iter().any(|field| field == *row || field.starts_with(&format!("{row}.")))).collect();
    assert!(unknown.is_empty(), "rows of fields that there are not: {unknown:#?}");
}

/// The paths of all fields that have none below them.
fn leaves(path: &str, schema: &Value, into: &mut BTreeSet<String>) {
    match schema["properties"].as_object() {
        Some(members) if !members.is_empty() => {
            for (name, schema) in members {
                leaves(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, schema, into);
            }
        }
        _ => drop(into.insert(path.to_owned())),
    }
}

/// Applies each row of the table, and reverts it. Lanes run in parallel, each with its own namespace and operator. A row changes the same
/// field of several services together, since no object belongs to two services.
pub(crate) async fn each_field_there_and_back(place: &Place) {
    let mut running = JoinSet::new();
    for lane in lanes(&place.name) {
        let world = place.world.clone();
        running.spawn(async move {
            let place = world.place(&format!("fields-{}", lane.name)).await;
            Running::start(place, &lane).await.run(lane).await;
        });
    }
    let mut failed = Vec::new();
    while let Some(ended) = running.join_next().await {
        failed.extend(ended.err().map(tokio::task::JoinError::into_panic));
    }
    // All failures have been printed.
    if let Some(first) = failed.into_iter().next() {
        std::panic::resume_unwind(first);
    }
}

/// A lane at work.
struct Running {
    place: Place,
    fresh: Fresh,
    operator: Operator,
    _simulated: Simulated,
}

impl Running {
    async fn start(place: Place, lane: &Lane) -> Self {
        let node = place.world.kafka.clone().expect("a broker");
        let login = node.with_login(
            chassis::run::config::Kafka {
                bootstrap_servers: String::new(),
                prefix: String::new(),
                security: Default::default(),
                in_process: false,
            },
            PASSWORD,
        );
        let username = login.security.sasl.as_ref().map(|sasl| sasl.username.clone()).expect("a login");
        for name in ["kafka", "kafka-2"] {
            place
                .secret(
                    name,
                    &[("user", &username), ("user-2", &username), ("password", PASSWORD), ("password-2", PASSWORD), ("pem", "PEM")],
                )
                .await;
        }
        for (name, port) in [("databases", 5432), ("databases-2", 6432)] {
            let url = |database: &str| format!("postgres://u:p@postgres.example.com:{port}/{database}");
            let urls = ["auth", "menu", "reservation", "another"].map(|database| (database, url(database)));
            place.secret(name, &urls.each_ref().map(|(database, url)| (*database, url.as_str()))).await;
        }
        for name in ["s3", "s3-2"] {
            let certificate = "-----BEGIN CERTIFICATE-----";
            let data = [("accessKeyId", "a"), ("secretAccessKey", "b"), ("ca.crt", certificate), ("key", "0123456789abcdef")];
            place.secret(name, &data).await;
        }
        place.secret("postman", &[("username", "host"), ("password", "correct horse")]).await;
        for name in ["boss", "boss-2"] {
            place.secret(name, &[("password", "correct horse"), ("password-2", "battery staple")]).await;
        }
        let operator = match lane.broker {
            Broker::Plain => place.operator(),
            Broker::Login => place.operator_at(&login.bootstrap_servers),
        };
        let simulated = Simulated::start(&place);
        if lane.name == "shared-kafka" {
            shared_kafka(&place).await;
        }
        let fresh = Fresh::beside(&place).await;
        Self { place, fresh, operator, _simulated: simulated }
    }

    async fn run(self, lane: Lane) {
        let Lane { name: lane, mut base, rows, .. } = lane;
        self.place.apply(NAME, base.clone()).await;
        self.place.ready(NAME).await;
        let mut before = self.same_as_fresh(&format!("{lane}: the base"), &[]).await;
        for row in rows {
            let what = format!("{lane}: {}", row.name());
            match self.row(&what, &row, &base, &before).await {
                None => {}
                Some((changed, objects)) => (base, before) = (changed, objects),
            }
        }
        self.operator.stop().await;
    }

    /// Applies one row. Returns the new base if the field does not go back.
    async fn row(&self, what: &str, row: &Row, base: &Value, before: &Objects) -> Option<(Value, Objects)> {
        let changed = row.apply(base);
        match row.expected {
            Expected::Immutable(message) => {
                self.refused(what, &changed, message).await;
                return None;
            }
            Expected::Fails(reasons) => {
                self.apply(what, &changed).await;
                self.fails(what, reasons).await;
            }
            Expected::Paused => {
                self.apply(what, &changed).await;
                self.place.condition(NAME, "Progressing", "False", Some("Paused")).await;
                assert_eq!(objects(&self.place).await, *before, "{what}");
            }
            Expected::Settles | Expected::Grows(_) | Expected::Kept => {
                let replicas = Replicas::watch(&self.place).await;
                self.apply(what, &changed).await;
                self.place.ready(NAME).await;
                let there = self.same_as_fresh(what, row.leaves).await;
                let has_effect = there != *before;
                assert_eq!(has_effect, row.has_effect, "{what}: whether an object changes");
                replicas.never_below_the_least_of(before, &there, what);
                match row.expected {
                    Expected::Grows(message) => self.refused(what, base, message).await,
                    Expected::Kept => {}
                    _ => return self.back(what, row, base, before).await,
                }
                return Some((changed, there));
            }
        }
        self.back(what, row, base, before).await
    }

    async fn back(&self, what: &str, row: &Row, base: &Value, before: &Objects) -> Option<(Value, Objects)> {
        let what = format!("{what}, and back");
        let replicas = Replicas::watch(&self.place).await;
        self.apply(&what, base).await;
        self.place.ready(NAME).await;
        let after = self.same_as_fresh(&what, row.leaves).await;
        replicas.never_below_the_least_of(before, &after, &what);
        None
    }

    async fn apply(&self, what: &str, spec: &Value) {
        self.place.try_apply(NAME, spec.clone()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    }

    async fn refused(&self, what: &str, spec: &Value, message: &str) {
        let error = self.place.try_apply(NAME, spec.clone()).await.map(|_| ()).expect_err(what).to_string();
        assert!(error.contains(message), "{what}: {error}");
    }

    async fn fails(&self, what: &str, reasons: &[&str]) {
        let started = Instant::now();
        loop {
            let resource = self.place.resources().get(NAME).await.expect("the resource");
            let mut conditions = resource.status.iter().flat_map(|status| &status.conditions);
            let ready =
                conditions.rfind(|condition| condition.type_ == "Ready" && condition.observed_generation == resource.metadata.generation);
            if ready.is_some_and(|ready| ready.status == "False" && reasons.contains(&ready.reason.as_str())) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: not {reasons:?} but {ready:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Waits until the objects equal those of a fresh resource; `leaves` may exist as well.
    async fn same_as_fresh(&self, what: &str, leaves: &[&str]) -> Objects {
        let resource = self.place.resources().get(NAME).await.expect("the resource");
        let fresh = scaled_by_others(self.fresh.objects(&resource).await);
        let started = Instant::now();
        loop {
            let mut live = without_former_settings(scaled_by_others(objects(&self.place).await));
            let wanted = with_what_stays(&live, with_connections_of(&live, fresh.clone()));
            live.retain(|name, _| !leaves.contains(&name.as_str()) || wanted.contains_key(name));
            let found = differences(&live, &wanted);
            if found.is_empty() {
                return live;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: what is there, and what a fresh resource has:\n{}", found.join("\n"));
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// Without the ConfigMaps of former settings, which stay as long as a ReplicaSet uses them.
fn without_former_settings(mut live: Objects) -> Objects {
    let named = |object: &Value| {
        let volumes = object.pointer("/spec/template/spec/volumes").and_then(Value::as_array).cloned().unwrap_or_default();
        let mounted = volumes.iter().filter_map(|volume| volume["configMap"]["name"].as_str().map(str::to_owned)).collect::<Vec<_>>();
        let read = object.pointer("/spec/template/spec/containers/0/envFrom/0/configMapRef/name").and_then(Value::as_str);
        mounted.into_iter().chain(read.map(str::to_owned)).collect::<Vec<_>>()
    };
    let used: Vec<_> = live.values().flat_map(named).map(|name| format!("ConfigMap/{name}")).collect();
    live.retain(|name, _| !name.starts_with("ConfigMap/") || used.contains(name));
    live
}

/// The connections that a database allows are never lowered: they match the largest number of Pods so far.
fn with_connections_of(live: &Objects, mut wanted: Objects) -> Objects {
    const ARGS: &str = "/spec/template/spec/containers/0/args";
    const PARAMETERS: &str = "/spec/postgresql/parameters";
    let number = |value: Option<&Value>| {
        let text = value.map(Value::to_string).unwrap_or_default();
        let text = text.split("max_connections").nth(1).unwrap_or_default();
        let text = text.split("archive").next().unwrap_or_default();
        text.chars().filter(char::is_ascii_digit).collect::<String>().parse::<i32>().unwrap_or(0)
    };
    for (name, wanted) in &mut wanted {
        let (parent, field) = if name.starts_with("StatefulSet/") { (ARGS, "args") } else { (PARAMETERS, "parameters") };
        let given = live.get(name).and_then(|live| live.pointer(parent));
        if name.ends_with("-postgres") && number(given) > number(wanted.pointer(parent)) {
            let above = parent.rsplit_once('/').map_or("", |(above, _)| above);
            if let Some(above) = wanted.pointer_mut(above) {
                above[field] = given.cloned().unwrap_or_default();
            }
        }
    }
    wanted
}

/// A backup that was made is not made again by another image, and the tool of a database waits for its next restart.
fn with_what_stays(live: &Objects, mut wanted: Objects) -> Objects {
    for (name, wanted) in &mut wanted {
        let Some(live) = live.get(name) else { continue };
        if name.starts_with("Job/") && name.contains("-backup-") {
            wanted["spec"] = live["spec"].clone();
        }
        let tool = "/spec/template/spec/initContainers/0";
        if name.starts_with("StatefulSet/") && live.pointer(tool).is_some_and(|container| container["name"] == "tool") {
            let image = live.pointer(tool).map(|container| container["image"].clone()).unwrap_or_default();
            if let Some(container) = wanted.pointer_mut(tool) {
                container["image"] = image;
            }
        }
    }
    wanted
}

/// An autoscaler owns the number of Pods.
fn scaled_by_others(mut objects: Objects) -> Objects {
    let scaled: Vec<_> = objects.keys().filter_map(|name| name.strip_prefix("HorizontalPodAutoscaler/").map(str::to_owned)).collect();
    for name in scaled {
        if let Some(deployment) = objects.get_mut(&format!("Deployment/{name}")) {
            deployment["spec"].as_object_mut().expect("a spec").remove("replicas");
        }
    }
    objects
}

/// The history of `spec.replicas` of each Deployment.
struct Replicas {
    seen: Arc<Mutex<BTreeMap<String, Vec<i64>>>>,
    _task: JoinSet<()>,
}

impl Replicas {
    async fn watch(place: &Place) -> Self {
        let seen: Arc<Mutex<BTreeMap<String, Vec<i64>>>> = Arc::default();
        let mut events = watcher(place.api(Kind::Deployment), watcher::Config::default()).default_backoff().applied_objects().boxed();
        let note = {
            let seen = seen.clone();
            move |deployment: kube::api::DynamicObject| {
                let replicas = deployment.data["spec"]["replicas"].as_i64().unwrap_or(1);
                seen.lock().unwrap_or_else(PoisonError::into_inner).entry(deployment.name_any()).or_default().push(replicas);
            }
        };
        // The watch starts before the change.
        if let Some(Ok(first)) = events.next().await {
            note(first);
        }
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(event) = events.next().await {
                event.into_iter().for_each(&note);
            }
        });
        Self { seen, _task: task }
    }

    /// A change of the owner of the number must not reduce the Pods below the numbers before and after.
    #[track_caller]
    fn never_below_the_least_of(self, before: &Objects, after: &Objects, what: &str) {
        for (name, seen) in self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let key = format!("Deployment/{name}");
            let given = [before, after].map(|objects| objects.get(&key).and_then(|deployment| deployment["spec"]["replicas"].as_i64()));
            // Under an autoscaler, no spec has the number; the autoscaler takes over the first one.
            let first = seen.first().copied();
            let least = given.into_iter().flatten().chain(first).min().unwrap_or(1);
            assert!(
                seen.iter().all(|replicas| *replicas >= least),
                "{what}: {name} had {seen:?} replicas, of which none may be below {least}"
            );
        }
    }
}

/// A Kafka of Strimzi that another user made.
async fn shared_kafka(place: &Place) {
    let labels = json!({"strimzi.io/cluster": "shared"});
    let pool = json!({
        "apiVersion": Kind::KafkaNodePool.api_version(), "kind": "KafkaNodePool", "metadata": {"name": "shared", "labels": labels},
        "spec": {"replicas": 1, "roles": ["controller", "broker"], "storage": {"type": "ephemeral"}},
    });
    let kafka = json!({
        "apiVersion": Kind::Kafka.api_version(), "kind": "Kafka", "metadata": {"name": "shared"},
        "spec": {
            "kafka": {"listeners": [{"name": "plain", "port": 9092, "type": "internal", "tls": false}]},
            "entityOperator": {"topicOperator": {}},
        },
    });
    for (kind, body) in [(Kind::KafkaNodePool, pool), (Kind::Kafka, kafka)] {
        let params = kube::api::PatchParams::apply("user");
        place.api(kind).patch("shared", &params, &kube::api::Patch::Apply(&body)).await.expect("a Kafka");
    }
}
