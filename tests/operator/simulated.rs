//! Simulations of CloudNativePG, its Barman Cloud plugin, and Strimzi, whose operators would start real databases and brokers. They simulate the parts that users of
//! their objects see: statuses, Secrets, finalizers (<https://cloudnative-pg.io/docs/>, <https://strimzi.io/documentation/>).

use futures_util::StreamExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::Place;

/// The label with the Kafka to which a pool or a topic belongs.
const CLUSTER: &str = "strimzi.io/cluster";
/// Strimzi's topic operator blocks the deletion of a topic until it has removed it from the broker, unless finalizers are disabled.
const FINALIZER: &str = "strimzi.io/topic-operator";

/// The conditions of a Cluster that tell of its backups.
const OF_BACKUPS: [&str; 2] = ["ContinuousArchiving", "LastBackupSucceeded"];

/// All of them in one namespace, until this is dropped.
pub(crate) struct Simulated {
    _tasks: JoinSet<()>,
}

impl Simulated {
    /// Starts the simulations.
    pub(crate) fn start(place: &Place) -> Self {
        let mut tasks = JoinSet::new();
        for kind in [Kind::Cluster, Kind::ScheduledBackup, Kind::Backup, Kind::Kafka, Kind::KafkaNodePool, Kind::KafkaTopic] {
            let actor = Actor { place: place.clone() };
            tasks.spawn(async move {
                let mut objects = watcher(actor.place.api(kind), watcher::Config::default()).default_backoff().applied_objects().boxed();
                while let Some(object) = objects.next().await {
                    let Ok(object) = object else { continue };
                    let object = serde_json::to_value(object).expect("JSON");
                    // A change or deletion of the object meanwhile is a separate event.
                    let _ = actor.act(kind, &object).await;
                }
            });
        }
        Self { _tasks: tasks }
    }
}

struct Actor {
    place: Place,
}

impl Actor {
    async fn act(&self, kind: Kind, object: &Value) -> kube::Result<()> {
        match kind {
            Kind::Cluster => self.database(object).await,
            Kind::ScheduledBackup => self.schedule(object).await,
            Kind::Backup => self.backup(object).await,
            Kind::Kafka => self.broker(object).await,
            Kind::KafkaNodePool => self.pool(object).await,
            _ => self.topic(object).await,
        }
    }

    async fn report(&self, kind: Kind, object: &Value, status: Value) -> kube::Result<()> {
        if object["status"] == status {
            return Ok(());
        }
        // The patch is a merge, so null removes a field.
        let mut patch = status;
        for (member, _) in object["status"].as_object().into_iter().flatten() {
            if patch.get(member).is_none() {
                patch[member] = Value::Null;
            }
        }
        self.place.api(kind).patch_status(name(object), &PatchParams::default(), &Patch::Merge(json!({"status": patch}))).await.map(drop)
    }

    /// The Secret of the database's owner comes first, the instances later. The status of a Cluster does not report its generation.
    async fn database(&self, cluster: &Value) -> kube::Result<()> {
        if is_going(cluster) {
            return Ok(());
        }
        let name = name(cluster);
        if cluster["status"].is_null() {
            self.login(cluster).await?;
            let condition = condition("Ready", "False", "ClusterIsNotReady", "Cluster Is Not Ready");
            return self.report(Kind::Cluster, cluster, json!({"phase": "Setting up primary", "conditions": [condition]})).await;
        }
        let instances = &cluster["spec"]["instances"];
        let mut conditions = vec![condition("Ready", "True", "ClusterIsReady", "Cluster is Ready")];
        let told = cluster["status"]["conditions"].as_array().cloned().unwrap_or_default().into_iter();
        conditions.extend(told.filter(|told| OF_BACKUPS.iter().any(|kind| told["type"] == *kind)));
        let healthy: Vec<_> = (1..=instances.as_i64().unwrap_or(1)).map(|number| format!("{name}-{number}")).collect();
        let status = json!({
            "phase": "Cluster in healthy state",
            "conditions": conditions,
            "instances": instances,
            "readyInstances": instances,
            "instancesStatus": {"healthy": healthy},
            "currentPrimary": format!("{name}-1"),
            "targetPrimary": format!("{name}-1"),
            "image": cluster["spec"]["imageName"].as_str().unwrap_or("ghcr.io/cloudnative-pg/postgresql:18.1-system-trixie"),
        });
        self.report(Kind::Cluster, cluster, status).await
    }

    async fn login(&self, cluster: &Value) -> kube::Result<()> {
        let (name, secret) = (name(cluster), format!("{}-app", name(cluster)));
        let initdb = &cluster["spec"]["bootstrap"]["initdb"];
        let (owner, database) = (initdb["owner"].as_str().unwrap_or("app"), initdb["database"].as_str().unwrap_or("app"));
        let host = format!("{name}-rw");
        let uri = format!("postgresql://{owner}:simulated@{host}.{}:5432/{database}", self.place.name);
        let body = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth",
            "metadata": {
                "name": secret,
                "labels": {"cnpg.io/cluster": name, "cnpg.io/reload": "true", "cnpg.io/userType": "app"},
                "ownerReferences": [{
                    "apiVersion": cluster["apiVersion"], "kind": cluster["kind"], "name": name, "uid": cluster["metadata"]["uid"],
                    "controller": true,
                }],
            },
            "stringData": {
                "username": owner, "user": owner, "password": "simulated", "dbname": database, "host": host, "port": "5432", "uri": uri,
            },
        });
        self.place.api(Kind::Secret).patch(&secret, &PatchParams::apply("cloudnative-pg").force(), &Patch::Apply(&body)).await.map(drop)
    }

    /// A schedule begins with a backup; what is due later is left to tests.
    async fn schedule(&self, schedule: &Value) -> kube::Result<()> {
        if is_going(schedule) || !schedule["status"].is_null() || schedule["spec"]["immediate"] != true {
            return Ok(());
        }
        let (name, spec, at) = (name(schedule), &schedule["spec"], now());
        let cluster = self.place.api(Kind::Cluster).get(spec["cluster"]["name"].as_str().unwrap_or_default()).await?;
        let body = json!({
            "apiVersion": schedule["apiVersion"], "kind": "Backup",
            "metadata": {
                "name": format!("{name}-{}", at.replace(['-', ':', 'T', 'Z'], "")),
                "labels": {"cnpg.io/cluster": spec["cluster"]["name"], "cnpg.io/scheduled-backup": name, "cnpg.io/immediateBackup": "true"},
                "ownerReferences": [{
                    "apiVersion": schedule["apiVersion"], "kind": "Cluster", "name": cluster.metadata.name, "uid": cluster.metadata.uid,
                    "controller": true,
                }],
            },
            "spec": {"cluster": spec["cluster"], "method": spec["method"], "pluginConfiguration": spec["pluginConfiguration"]},
        });
        let of = body["metadata"]["name"].as_str().unwrap_or_default();
        self.place.api(Kind::Backup).patch(of, &PatchParams::apply("cloudnative-pg").force(), &Patch::Apply(&body)).await?;
        self.report(Kind::ScheduledBackup, schedule, json!({"lastCheckTime": at, "lastScheduleTime": at})).await
    }

    /// The plugin of the Cluster makes the backup, into the place that the Cluster names for it, unless the log is not archived.
    async fn backup(&self, backup: &Value) -> kube::Result<()> {
        let Some(cluster) = self.place.api(Kind::Cluster).get_opt(backup["spec"]["cluster"]["name"].as_str().unwrap_or_default()).await?
        else {
            return Ok(());
        };
        let cluster = serde_json::to_value(cluster).expect("JSON");
        let parameters = &cluster["spec"]["plugins"][0]["parameters"];
        let (Some(store), Some(server)) = (parameters["barmanObjectName"].as_str(), parameters["serverName"].as_str()) else {
            return Ok(());
        };
        if is_going(backup) || backup["status"]["phase"].is_string() {
            return Ok(());
        }
        let at = now();
        let window = json!({server: {"firstRecoverabilityPoint": at, "lastSuccessfulBackupTime": at}});
        let patch = Patch::Merge(json!({"status": {"serverRecoveryWindow": window}}));
        self.place.api(Kind::ObjectStore).patch_status(store, &PatchParams::default(), &patch).await?;
        self.report(Kind::Backup, backup, json!({"phase": "completed", "method": "plugin", "stoppedAt": at})).await?;
        let conditions = [
            condition("ContinuousArchiving", "True", "ContinuousArchivingSuccess", "Continuous archiving is working"),
            condition("LastBackupSucceeded", "True", "LastBackupSucceeded", "Backup was successful"),
        ];
        tell_of_backups(&self.place, name(&cluster), &conditions).await
    }

    /// A Kafka is deployed, with its topic operator, as soon as it has a pool of nodes.
    async fn broker(&self, kafka: &Value) -> kube::Result<()> {
        if is_going(kafka) {
            return Ok(());
        }
        let name = name(kafka);
        let of = ListParams::default().labels(&format!("{CLUSTER}={name}"));
        let pools = self.place.api(Kind::KafkaNodePool).list(&of).await?;
        let pools: Vec<_> = pools.items.iter().filter_map(|pool| pool.metadata.name.clone()).map(|name| json!({"name": name})).collect();
        let generation = &kafka["metadata"]["generation"];
        if pools.is_empty() || kafka["status"].is_null() {
            let why = condition("NotReady", "True", "Creating", "Kafka cluster is being deployed");
            return self.report(Kind::Kafka, kafka, json!({"observedGeneration": generation, "conditions": [why]})).await;
        }
        let host = format!("{name}-kafka-bootstrap.{}.svc", self.place.name);
        let status = json!({
            "observedGeneration": generation,
            "conditions": [condition("Ready", "True", "", "")],
            "clusterId": "simulated",
            "kafkaVersion": kafka["spec"]["kafka"]["version"].as_str().unwrap_or("4.1.1"),
            "kafkaNodePools": pools,
            "listeners": [{"name": "plain", "bootstrapServers": format!("{host}:9092"), "addresses": [{"host": host, "port": 9092}]}],
        });
        self.report(Kind::Kafka, kafka, status).await?;
        for topic in self.place.api(Kind::KafkaTopic).list(&of).await? {
            self.topic(&serde_json::to_value(topic).expect("JSON")).await?;
        }
        Ok(())
    }

    async fn pool(&self, pool: &Value) -> kube::Result<()> {
        let replicas = pool["spec"]["replicas"].as_i64().unwrap_or(0);
        let status = json!({
            "observedGeneration": pool["metadata"]["generation"],
            "clusterId": "simulated",
            "replicas": replicas,
            "roles": pool["spec"]["roles"],
            "nodeIds": (0..replicas).collect::<Vec<_>>(),
        });
        self.report(Kind::KafkaNodePool, pool, status).await?;
        match self.kafka_of(pool).await {
            Some(kafka) => self.broker(&kafka).await,
            None => Ok(()),
        }
    }

    async fn kafka_of(&self, object: &Value) -> Option<Value> {
        let name = object["metadata"]["labels"][CLUSTER].as_str()?;
        let kafka = self.place.api(Kind::Kafka).get_opt(name).await.ok()??;
        Some(serde_json::to_value(kafka).expect("JSON"))
    }

    /// A topic operator exists as long as its Kafka.
    async fn topic(&self, topic: &Value) -> kube::Result<()> {
        let Some(kafka) = self.kafka_of(topic).await else { return Ok(()) };
        let runs = kafka["status"]["conditions"].as_array().into_iter().flatten().any(|condition| condition["type"] == "Ready");
        if !runs {
            return Ok(());
        }
        let api = self.place.api(Kind::KafkaTopic);
        let finalizers = &topic["metadata"]["finalizers"];
        if is_going(topic) {
            let patch = json!({"metadata": {"finalizers": null}});
            return if finalizers.is_null() {
                Ok(())
            } else {
                api.patch(name(topic), &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
            };
        }
        let environment = &kafka["spec"]["entityOperator"]["template"]["topicOperatorContainer"]["env"];
        let holds = !environment
            .as_array()
            .into_iter()
            .flatten()
            .any(|variable| variable["name"] == "STRIMZI_USE_FINALIZERS" && variable["value"] == "false");
        if holds && finalizers.is_null() {
            let patch = json!({"metadata": {"finalizers": [FINALIZER]}});
            api.patch(name(topic), &PatchParams::default(), &Patch::Merge(patch)).await?;
        }
        let status = json!({
            "observedGeneration": topic["metadata"]["generation"],
            "conditions": [condition("Ready", "True", "", "")],
            "topicName": topic["spec"]["topicName"].as_str().unwrap_or(name(topic)),
            "topicId": "simulated",
        });
        self.report(Kind::KafkaTopic, topic, status).await
    }
}

/// Sets conditions of a Cluster that tell of its backups.
pub(crate) async fn tell_of_backups(place: &Place, cluster: &str, conditions: &[Value]) -> kube::Result<()> {
    loop {
        let live = serde_json::to_value(place.api(Kind::Cluster).get(cluster).await?).expect("JSON");
        let mut all = live["status"]["conditions"].as_array().cloned().unwrap_or_default();
        all.retain(|one| conditions.iter().all(|condition| one["type"] != condition["type"]));
        all.extend_from_slice(conditions);
        let version = &live["metadata"]["resourceVersion"];
        let patch = Patch::Merge(json!({"metadata": {"resourceVersion": version}, "status": {"conditions": all}}));
        match place.api(Kind::Cluster).patch_status(cluster, &PatchParams::default(), &patch).await {
            Err(kube::Error::Api(answer)) if answer.code == 409 => {}
            answer => return answer.map(drop),
        }
    }
}

/// The time, in whole seconds.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn is_going(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// A condition. Its time is fixed, so that equal reports stay equal.
pub(crate) fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    let mut condition = json!({"type": kind, "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    for (member, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            condition[member] = text.into();
        }
    }
    condition
}
