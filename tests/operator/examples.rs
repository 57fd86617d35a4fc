//! The examples, applied as they are, with the Secrets that they name.

mod order;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chassis::events::kafka::client;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use operator::api::RestaurantBookingStatus;
use operator::reconcile::backend::broker::settings::TOPICS;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::apache::{Node, PASSWORD, has_tls};
use crate::outage::{give_back, take_away};
use crate::simulated::Simulated;
use crate::world::{Operator, Place, eventually};

/// The documents of an example.
pub(crate) fn example(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name).with_extension("yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).expect("YAML")).collect()
}

/// `kubectl apply --server-side`, with kubectl's strict validation.
async fn apply(place: &Place, object: &Value) {
    let (kind, name) = (object["kind"].as_str().expect("a kind"), object["metadata"]["name"].as_str().expect("a name"));
    let resource = match kind {
        "RestaurantBooking" => kube::core::ApiResource::erase::<operator::api::RestaurantBooking>(&()),
        _ => Kind::Secret.resource(),
    };
    let api: Api<DynamicObject> = Api::namespaced_with(place.client.clone(), &place.name, &resource);
    let params = PatchParams { field_validation: Some(kube::api::ValidationDirective::Strict), ..PatchParams::apply("user").force() };
    api.patch(name, &params, &Patch::Apply(object)).await.unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
}

/// Applies an example, waits until it is Ready, and checks the assertions that hold for each.
async fn becomes_ready(place: &Place, operator: Operator, name: &str, documents: &[Value]) -> RestaurantBookingStatus {
    let simulated = Simulated::start(place);
    let mark = place.world.plane.audit().mark();
    for document in documents {
        apply(place, document).await;
    }
    place.ready(name).await;
    let status = place.resources().get(name).await.expect("the resource").status.expect("a status");
    order::everything_was_made_before_what_needs_it(place, &place.world.plane.audit().since(&mark)).await;
    every_pod_was_admitted(place).await;
    table_shows(place, name, &status).await;
    let names = status.conditions.iter().map(|condition| condition.type_.as_str()).collect::<Vec<_>>();
    let mut all = vec![
        "Ready",
        "Progressing",
        "Reconciling",
        "Stalled",
        "PostgresReady",
        "KafkaReady",
        "TopicsReady",
        "MigrationsComplete",
        "HouseApplied",
        "ServicesReady",
        "AdminReady",
        "Available",
    ];
    all.extend(status.url.as_ref().map(|_| "Exposed"));
    assert_eq!(names, all);
    for condition in &status.conditions {
        assert_eq!(
            condition.status,
            // No controller of Ingresses and Gateways is installed here.
            if ["Progressing", "Reconciling", "Stalled", "Exposed"].contains(&condition.type_.as_str()) { "False" } else { "True" },
            "{condition:?}"
        );
        assert_eq!(condition.observed_generation, Some(1), "{condition:?}");
    }
    assert_eq!(status.observed_generation, Some(1));
    let secret = status.admin_secret_name.as_deref().expect("the name of a Secret");
    assert!(place.get(Kind::Secret, secret).await.is_some_and(|secret| secret["data"]["password"].is_string()), "{secret}");
    operator.stop().await;
    drop(simulated);
    status
}

/// The namespace enforces the restricted pod security standard: every Pod was admitted, and runs or has completed.
async fn every_pod_was_admitted(place: &Place) {
    let resource =
        |group, kind, plural| kube::core::ApiResource::from_gvk_with_plural(&kube::core::GroupVersionKind::gvk(group, "v1", kind), plural);
    let all = |resource| Api::<DynamicObject>::namespaced_with(place.client.clone(), &place.name, &resource);
    let events = all(resource("events.k8s.io", "Event", "events")).list(&ListParams::default()).await.expect("events");
    let refused: Vec<_> =
        events.items.iter().filter(|event| event.data["reason"] == "FailedCreate").map(|event| &event.data["note"]).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let pods = all(resource("", "Pod", "pods")).list(&ListParams::default()).await.expect("Pods");
    assert!(pods.items.len() >= 6, "three migrations and at least one Pod for each service: {}", pods.items.len());
    for pod in pods {
        let phase = pod.data["status"]["phase"].as_str().unwrap_or_default();
        assert!(["Running", "Succeeded"].contains(&phase), "{:?}: {phase}", pod.metadata.name);
    }
}

/// The output of `kubectl get rb` and of `kubectl get rb -o wide`.
async fn table_shows(place: &Place, name: &str, status: &RestaurantBookingStatus) {
    let uri = format!("/apis/restaurantbooking.dev/v1alpha1/namespaces/{}/restaurantbookings/{name}", place.name);
    let request = http::Request::get(uri).header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io").body(Vec::new());
    let table: Value = place.client.request(request.expect("a request")).await.expect("a table");
    let columns = table["columnDefinitions"].as_array().expect("columns");
    let column = |priority: i64| {
        let of = columns.iter().enumerate().filter(|(_, column)| column["priority"] == priority);
        of.map(|(at, column)| (column["name"].as_str().expect("a name"), &table["rows"][0]["cells"][at])).collect::<Vec<_>>()
    };
    let (version, url) = (json!(status.version), json!(status.url));
    let narrow: Vec<_> = column(0).into_iter().filter(|(name, _)| *name != "Age").collect();
    let ready = [("Name", &json!(name)), ("Ready", &json!("True")), ("Reason", &json!("Available")), ("Version", &version), ("URL", &url)];
    assert_eq!(narrow, ready);
    assert_eq!(column(0).last().expect("columns").0, "Age");
    let (postgres, kafka, replicas) = (json!(status.postgres), json!(status.kafka), json!(status.replicas));
    // None of these examples has backups.
    assert_eq!(column(1), [("Postgres", &postgres), ("Kafka", &kafka), ("Replicas", &replicas), ("Backup", &Value::Null)]);
}

/// A status without its conditions.
fn said(status: &RestaurantBookingStatus) -> Value {
    let services = status.services.as_ref().expect("services");
    let pods = [&services.auth, &services.menu, &services.reservation].map(|service| json!([service.ready, service.desired]));
    json!({
        "version": status.version, "url": status.url, "admin": status.admin_secret_name, "postgres": status.postgres, "kafka": status.kafka,
        "replicas": status.replicas, "pods": pods, "auth": services.auth.url,
    })
}

/// The smallest resource.
pub(crate) async fn minimal(place: &Place) {
    let status = becomes_ready(place, place.operator(), "minimal", &example("minimal")).await;
    let expected = json!({
        "version": Defaults::default().image_tag, "url": null, "admin": "minimal-admin", "postgres": "managed", "kafka": "managed",
        "replicas": "6/6", "pods": [[2, 2], [2, 2], [2, 2]], "auth": format!("http://minimal-auth.{}.svc:8000", place.name),
    });
    assert_eq!(said(&status), expected);
}

/// A resource with managed databases, a managed broker and an Ingress.
pub(crate) async fn trattoria(place: &Place) {
    let status = becomes_ready(place, place.operator(), "trattoria", &example("trattoria")).await;
    let expected = json!({
        "version": Defaults::default().image_tag, "url": "https://book.trattoria.example", "admin": "trattoria-admin",
        "postgres": "managed", "kafka": "managed", "replicas": "4/4", "pods": [[1, 1], [1, 1], [2, 2]],
        "auth": format!("http://trattoria-auth.{}.svc:8000", place.name),
    });
    assert_eq!(said(&status), expected);
    let ingress = place.get(Kind::Ingress, "trattoria").await.expect("an Ingress");
    assert_eq!(ingress["spec"]["rules"][0]["host"], "book.trattoria.example");
}

/// CloudNativePG, Strimzi, autoscaling and a Gateway.
pub(crate) async fn production(place: &Place) {
    let status = becomes_ready(place, place.operator(), "grand-hotel", &example("production")).await;
    let expected = json!({
        "version": "0.1.0", "url": "https://book.grand-hotel.example", "admin": "grand-hotel-admin", "postgres": "cloudNativePG",
        "kafka": "strimzi", "replicas": "7/7", "pods": [[2, 2], [2, 2], [3, 3]],
        "auth": format!("http://grand-hotel-auth.{}.svc:8000", place.name),
    });
    assert_eq!(said(&status), expected);
    let topic = place.get(Kind::KafkaTopic, "grand-hotel-user-events").await.expect("a KafkaTopic");
    assert_eq!((&topic["spec"]["partitions"], &topic["spec"]["config"]["retention.ms"]), (&json!(9), &json!(30_u64 * 24 * 3600 * 1000)));
}

/// Existing databases and an existing broker. The test's single broker keeps one replica of a topic. The topics therefore exist before,
/// with fewer partitions than specified: the operator adds partitions and leaves the replicas. If this program was built without TLS to
/// Kafka, the connection has no TLS, and uses the only login that needs none.
pub(crate) async fn external(place: &Place) {
    let node = place.world.kafka.clone().expect("a broker");
    let mut documents = example("external");
    let (resources, secrets): (Vec<_>, Vec<_>) = documents.iter_mut().partition(|document| document["kind"] == "RestaurantBooking");
    let broker = &mut resources.into_iter().next().expect("a resource")["spec"]["kafka"]["external"];
    let login = login(&node, "");
    let address = if has_tls() { node.with_tls(login.clone(), PASSWORD, true).bootstrap_servers } else { login.bootstrap_servers.clone() };
    if !has_tls() {
        broker.as_object_mut().expect("a broker").remove("tls");
        broker["sasl"]["mechanism"] = "PLAIN".into();
    }
    for secret in secrets.into_iter().filter(|secret| secret["metadata"]["name"] == "bistro-kafka") {
        secret["stringData"]["username"] = login.security.sasl.as_ref().expect("a login").username.as_str().into();
        secret["stringData"]["password"] = PASSWORD.into();
        if has_tls() {
            let tls = node.with_tls(login.clone(), PASSWORD, true).security.tls.expect("TLS");
            let ca = tls.ca.expect("a certificate");
            secret["stringData"]["ca.crt"] = std::fs::read_to_string(ca).expect("a certificate").into();
        }
    }
    let topics = Topics::at(&node);
    for name in ["bistro.menu.events", "bistro.user.events"] {
        topics.make(name, 3).await;
    }
    // The broker cannot hold two replicas, so no topic may be missing.
    topics.make("bistro.reservation.events", 6).await;
    let status = becomes_ready(place, place.operator_at(&address), "bistro", &documents).await;
    let expected = json!({
        "version": Defaults::default().image_tag, "url": null, "admin": "bistro-administrator", "postgres": "external", "kafka": "external",
        "replicas": "6/6", "pods": [[2, 2], [2, 2], [2, 2]], "auth": format!("http://bistro-auth.{}.svc:8000", place.name),
    });
    assert_eq!(said(&status), expected);
    let week = (6, (7_u64 * 24 * 3600 * 1000).to_string());
    topics.are("bistro.", &week).await;
}

/// A wrong password is reported with the broker's message, and nothing continues. The right one is observed, and the topics are created as
/// specified, and change with the resource.
pub(crate) async fn a_broker_with_a_login(place: &Place) {
    let node = place.world.kafka.clone().expect("a broker");
    let prefix = format!("{}.", place.name);
    let login = login(&node, &prefix);
    let username = login.security.sasl.as_ref().expect("a login").username.clone();
    place.secret("databases", &[("url", "postgres://u:p@postgres.example.com:5432/db")]).await;
    place.secret("broker", &[("user", &username), ("password", "wrong")]).await;
    let spec = |topics: Value| {
        let database = json!({"urlSecretRef": {"name": "databases", "key": "url"}});
        let sasl = json!({
            "mechanism": "PLAIN",
            "usernameSecretRef": {"name": "broker", "key": "user"},
            "passwordSecretRef": {"name": "broker", "key": "password"},
        });
        json!({
            "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
            "postgres": {"external": {"auth": database, "menu": database, "reservation": database}},
            "kafka": {"external": {"bootstrapServers": ["kafka.example.com:9092"], "sasl": sasl}, "topics": topics},
        })
    };
    let topics = Topics::at(&node);
    let operator = place.operator_at(&login.bootstrap_servers);
    place.apply("trattoria", spec(json!({"prefix": prefix, "partitions": 4, "retention": "36h"}))).await;
    let said = place.condition("trattoria", "TopicsReady", "False", Some("BrokerLoginFailed")).await;
    assert!(said.contains("does not let the operator in") && said.contains("passwordSecretRef"), "{said}");
    assert!(!said.contains("wrong"), "the password is told: {said}");
    assert_eq!(place.condition("trattoria", "Ready", "False", Some("BrokerLoginFailed")).await, said);
    place.condition("trattoria", "MigrationsComplete", "True", None).await;
    assert!(place.get(Kind::Deployment, "trattoria-menu").await.is_none(), "a Deployment before the topics");
    assert_eq!(topics.of(&prefix).await, BTreeMap::new());

    place.secret("broker", &[("user", &username), ("password", PASSWORD)]).await;
    place.ready("trattoria").await;
    topics.are(&prefix, &(4, (36 * 3600 * 1000).to_string())).await;
    // Settings of a topic that others made stay.
    topics.set(&format!("{prefix}menu.events"), &[("retention.ms", "129600000"), ("max.message.bytes", "2000000")]).await;
    place.apply("trattoria", spec(json!({"prefix": prefix, "partitions": 6, "retention": "2d"}))).await;
    place.ready("trattoria").await;
    topics.are(&prefix, &(6, (48 * 3600 * 1000).to_string())).await;
    assert_eq!(topics.setting(&format!("{prefix}menu.events"), "max.message.bytes").await.as_deref(), Some("2000000"));
    operator.stop().await;
}

/// A broker of the platform that comes back empty, its volume lost, has the topics made again: what was found of it before is not believed.
pub(crate) async fn d14_topics_are_made_again_on_a_broker_that_came_back_empty(place: &Place) {
    let node = place.world.kafka.clone().expect("a broker");
    let (topics, prefix) = (Topics::at(&node), format!("{}.", place.name));
    let operator = place.operator_at(&node.address());
    let restaurant = json!({"name": "Trattoria", "timeZone": "Europe/Rome"});
    place.apply("trattoria", json!({"restaurant": restaurant, "kafka": {"topics": {"prefix": prefix, "retention": "36h"}}})).await;
    place.ready("trattoria").await;
    let wanted = (3, (36 * 3600 * 1000).to_string());
    topics.are(&prefix, &wanted).await;
    take_away(place, &["kafka"]).await;
    place.condition("trattoria", "KafkaReady", "False", Some("Waiting")).await;
    topics.delete(&prefix).await;
    give_back(place).await;
    place.ready("trattoria").await;
    topics.are(&prefix, &wanted).await;
    operator.stop().await;
}

/// The broker's settings with a login.
fn login(node: &Node, prefix: &str) -> chassis::run::config::Kafka {
    let nobody = chassis::run::config::Kafka {
        bootstrap_servers: node.address(),
        prefix: prefix.to_owned(),
        security: Default::default(),
        in_process: false,
    };
    node.with_login(nobody, PASSWORD)
}

/// The broker's topics, as another client sees them.
struct Topics(AdminClient<DefaultClientContext>);

impl Topics {
    fn at(node: &Node) -> Self {
        let kafka = chassis::run::config::Kafka {
            bootstrap_servers: node.address(),
            prefix: String::new(),
            security: Default::default(),
            in_process: false,
        };
        Self(client(&kafka).set("allow.auto.create.topics", "false").create().expect("an admin client"))
    }

    async fn make(&self, name: &str, partitions: i32) {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        self.0.create_topics(&[topic], &AdminOptions::new()).await.expect("an answer").remove(0).expect("a topic");
    }

    /// Deletes the topics of a prefix.
    async fn delete(&self, prefix: &str) {
        let names: Vec<_> = self.of(prefix).await.into_keys().collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        self.0.delete_topics(&names, &AdminOptions::new()).await.expect("an answer");
        eventually("they are gone", async || self.of(prefix).await.is_empty().then_some(())).await;
    }

    async fn set(&self, topic: &str, settings: &[(&str, &str)]) {
        let change = settings.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(topic)), |change, (key, value)| change.set(key, value));
        self.0.alter_configs(&[change], &AdminOptions::new()).await.expect("an answer");
        let (key, value) = settings.last().expect("a setting");
        eventually("the setting", async || (self.setting(topic, key).await.as_deref() == Some(*value)).then_some(())).await;
    }

    async fn setting(&self, topic: &str, key: &str) -> Option<String> {
        let asked = self.0.describe_configs(&[ResourceSpecifier::Topic(topic)], &AdminOptions::new()).await.expect("an answer");
        asked.into_iter().next()?.ok()?.get(key)?.value.clone()
    }

    /// Partitions and retention of each topic of a prefix.
    async fn of(&self, prefix: &str) -> BTreeMap<String, (usize, String)> {
        let metadata = self.0.inner().fetch_metadata(None, Duration::from_secs(10)).expect("metadata");
        let mut found = BTreeMap::new();
        for topic in metadata.topics().iter().filter(|topic| topic.name().starts_with(prefix)) {
            let retention = self.setting(topic.name(), "retention.ms").await.unwrap_or_default();
            found.insert(topic.name().to_owned(), (topic.partitions().len(), retention));
        }
        found
    }

    /// Waits until the three topics of a prefix have these partitions and this retention.
    async fn are(&self, prefix: &str, expected: &(usize, String)) {
        let expected: BTreeMap<_, _> = TOPICS.iter().map(|topic| (format!("{prefix}{topic}"), expected.clone())).collect();
        let mut last = BTreeMap::new();
        eventually(&format!("{expected:?}"), async || {
            last = self.of(prefix).await;
            (last == expected).then_some(())
        })
        .await;
    }
}
