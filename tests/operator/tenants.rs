//! A tenant who may only write resources: the information that they get, and the effects that they cannot cause.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use operator::api::RestaurantBooking;
use operator::controller::Settings;
use operator::reconcile::checksum::checksum;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::Wire;
use crate::world::{Operator, Place, eventually};

const PASSWORD: &str = "the-password-of-payroll";

fn spec(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

fn operator_with(place: &Place, change: impl FnOnce(&mut Settings)) -> Operator {
    let mut settings = place.settings("operator-0");
    change(&mut settings);
    let wire = Wire::default();
    Operator::start(wire.client(place.world.plane.client_config()), settings, wire)
}

/// A tenant's own broker, which records everything it receives and accepts every login.
struct Listener {
    address: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let hears = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, hears.clone()));
            }
        });
        Self { address, heard }
    }

    fn has_heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// The part of Kafka's protocol (<https://kafka.apache.org/protocol>) that makes a client send its login.
async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Vec<u8>>>) {
    const HANDSHAKE: i16 = 17;
    const API_VERSIONS: i16 = 18;
    while let Ok(length) = stream.read_i32().await {
        let mut request = vec![0; usize::try_from(length).unwrap_or(0)];
        if stream.read_exact(&mut request).await.is_err() || request.len() < 8 {
            return;
        }
        heard.lock().unwrap_or_else(PoisonError::into_inner).extend(&request);
        let (key, version) = (i16::from_be_bytes([request[0], request[1]]), i16::from_be_bytes([request[2], request[3]]));
        let mut answer = request[4..8].to_vec();
        match (key, version) {
            // An unknown version gets an answer in the oldest format, with the versions of this request only.
            (API_VERSIONS, 1..) => answer.extend([0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 0]),
            (API_VERSIONS, _) => {
                answer.extend([0, 0, 0, 0, 0, 4]);
                for (key, newest) in [(3_i16, 1_i16), (HANDSHAKE, 1), (API_VERSIONS, 0), (36, 0)] {
                    answer.extend([key.to_be_bytes(), [0, 0], newest.to_be_bytes()].concat());
                }
            }
            (HANDSHAKE, _) => answer.extend([&[0, 0, 0, 0, 0, 1, 0, 5][..], b"PLAIN"].concat()),
            // The login has been recorded.
            _ => return,
        }
        let framed = [&i32::try_from(answer.len()).expect("a short answer").to_be_bytes()[..], &answer].concat();
        if stream.write_all(&framed).await.is_err() {
            return;
        }
    }
}

/// The resources of a namespace, for an account that has no other rights.
async fn tenant(place: &Place) -> Client {
    let metadata = || ObjectMeta { name: Some("tenant".to_owned()), ..Default::default() };
    let rule = PolicyRule {
        api_groups: Some(vec![operator::api::GROUP.to_owned()]),
        resources: Some(vec!["restaurantbookings".to_owned()]),
        verbs: ["get", "create", "patch", "update", "delete"].map(str::to_owned).into(),
        ..Default::default()
    };
    let role = Role { metadata: metadata(), rules: Some(vec![rule]) };
    Api::namespaced(place.client.clone(), &place.name).create(&PostParams::default(), &role).await.expect("a role");
    let binding = RoleBinding {
        metadata: metadata(),
        role_ref: RoleRef { api_group: "rbac.authorization.k8s.io".to_owned(), kind: "Role".to_owned(), name: "tenant".to_owned() },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: "tenant".to_owned(),
            namespace: Some(place.name.clone()),
            ..Default::default()
        }]),
    };
    Api::namespaced(place.client.clone(), &place.name).create(&PostParams::default(), &binding).await.expect("a binding");
    let mut config = place.world.plane.client_config();
    config.auth_info.impersonate = Some(format!("system:serviceaccount:{}:tenant", place.name));
    Client::try_from(config).expect("a client")
}

/// A tenant who may only write resources names a Secret that they cannot read, and a broker of their own. Until the owner releases the
/// Secret, the operator sends it nowhere, mounts it nowhere, and reports none of its keys.
pub(crate) async fn d07_a_tenant_learns_no_secret_that_was_not_released(place: &Place) {
    let listener = Listener::start().await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "payroll"},
        "stringData": {"salary-user": "payroll", "salary-password": PASSWORD},
    });
    place.api(Kind::Secret).patch("payroll", &PatchParams::apply("owner"), &Patch::Apply(&foreign)).await.expect("a Secret");
    let tenant = tenant(place).await;
    let refused = Api::<Secret>::namespaced(tenant.clone(), &place.name).get("payroll").await;
    assert!(matches!(&refused, Err(kube::Error::Api(answer)) if answer.code == 403), "{refused:?}");

    let operator = operator_with(place, |settings| settings.kafka_address = Some(listener.address.clone()));
    let key = |key: &str| json!({"name": "payroll", "key": key});
    let sasl = json!({"mechanism": "PLAIN", "usernameSecretRef": key("salary-user"), "passwordSecretRef": key("salary-password")});
    let by_broker = spec(json!({"kafka": {"external": {"bootstrapServers": [listener.address], "sasl": sasl}}}));
    let database = json!({"urlSecretRef": key("salary-password")});
    let by_mount = spec(json!({
        "image": {"auth": {"repository": "registry.example.com/thief", "tag": "1"}},
        "admin": {"passwordSecretRef": key("salary-password")},
        "postgres": {"external": {"auth": database, "menu": database, "reservation": database}},
    }));
    // The Secret has the name of the one that CloudNativePG would create for the resource, but belongs to no Cluster.
    let app = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lookalike-menu-postgres-app"},
        "stringData": {"salary-user": "payroll", "salary-password": PASSWORD},
    });
    let secrets = place.api(Kind::Secret);
    secrets.patch("lookalike-menu-postgres-app", &PatchParams::apply("owner"), &Patch::Apply(&app)).await.expect("a Secret");
    let app = |key: &str| json!({"name": "lookalike-menu-postgres-app", "key": key});
    let of_app = json!({"mechanism": "PLAIN", "usernameSecretRef": app("salary-user"), "passwordSecretRef": app("salary-password")});
    let by_name = spec(json!({
        "postgres": {"cloudNativePG": {}},
        "kafka": {"external": {"bootstrapServers": [listener.address], "sasl": of_app}},
    }));
    let by_guess = spec(json!({"admin": {"passwordSecretRef": key("is-there-such-a-key")}}));
    let resources: Api<RestaurantBooking> = Api::namespaced(tenant.clone(), &place.name);
    for (name, spec, conditions) in [
        ("broker", &by_broker, &["KafkaReady"][..]),
        ("mount", &by_mount, &["AdminReady", "PostgresReady"]),
        ("guess", &by_guess, &["AdminReady"]),
        ("lookalike", &by_name, &["KafkaReady"]),
    ] {
        let body = json!({
            "apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "metadata": {"name": name}, "spec": spec,
        });
        resources.patch(name, &PatchParams::apply("tenant"), &Patch::Apply(&body)).await.expect("it is accepted");
        for condition in conditions {
            let said = place.condition(name, condition, "False", Some("SecretNotUsable")).await;
            let secret = if name == "lookalike" { "lookalike-menu-postgres-app" } else { "payroll" };
            assert!(said.contains(&format!("kubectl label secret {secret} restaurantbooking.dev/usable=true")), "{said}");
        }
    }
    operator.quiet().await;
    // Everything that the tenant may read.
    for name in ["broker", "mount", "guess", "lookalike"] {
        let resource = resources.get(name).await.expect("the resource");
        let status = serde_json::to_string(&resource.status).expect("JSON");
        for secret in [PASSWORD, "salary-user", "it has"] {
            assert!(!status.contains(secret), "{name} tells {secret:?}: {status}");
        }
    }
    assert!(!listener.has_heard(PASSWORD) && !listener.has_heard("payroll"), "the listener was told");
    assert!(place.children().await.is_empty(), "something was made: {:?}", place.children().await.keys());

    // The owner releases the Secret. The listener receives it then, which shows that it would have received it before.
    let label = json!({"metadata": {"labels": {"restaurantbooking.dev/usable": "true"}}});
    place.api(Kind::Secret).patch("payroll", &PatchParams::default(), &Patch::Merge(&label)).await.expect("it is labelled");
    eventually("the listener is told", async || listener.has_heard(PASSWORD).then_some(())).await;
    operator.stop().await;
}

/// If no label is required, a Secret is used as it is.
pub(crate) async fn d07_the_label_can_be_done_without(place: &Place) {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "chef"}, "stringData": {"password": "correct horse"}});
    place.api(Kind::Secret).patch("chef", &PatchParams::apply("owner"), &Patch::Apply(&secret)).await.expect("a Secret");
    let operator = operator_with(place, |settings| settings.defaults.secrets_require_label = false);
    place.apply("trattoria", spec(json!({"admin": {"passwordSecretRef": {"name": "chef", "key": "password"}}}))).await;
    place.ready("trattoria").await;
    operator.stop().await;
}

/// Images must come from the allowed registries, and no label or annotation gives a Pod rights of others.
pub(crate) async fn d07_images_and_labels_of_pods_are_those_that_are_allowed(place: &Place) {
    let allowed = ["ghcr.io/restaurant-booking", "docker.io"].map(str::to_owned).to_vec();
    let operator = operator_with(place, |settings| {
        settings.defaults = Defaults { allowed_registries: allowed, ..settings.defaults.clone() };
    });
    let image = json!({"image": {"menu": {"repository": "registry.example.com/thief", "tag": "1"}}});
    let database = json!({"postgres": {"managed": {"repository": "registry.example.com/postgres"}}});
    for (name, spec, condition, reason, expected) in [
        ("image", spec(image), "ServicesReady", "ImageNotAllowed", "spec.image, for menu: the image registry.example.com/thief:1"),
        (
            "database",
            spec(database),
            "PostgresReady",
            "ImageNotAllowed",
            "spec.postgres.managed: the image registry.example.com/postgres:17",
        ),
        (
            "label",
            spec(json!({"auth": {"labels": {"cnpg.io/cluster": "another"}}})),
            "ServicesReady",
            "InvalidSpec",
            "spec.auth.labels: has \"cnpg.io/cluster\"",
        ),
        (
            "annotation",
            spec(json!({"menu": {"annotations": {"eks.amazonaws.com/role-arn": "admin"}}})),
            "ServicesReady",
            "InvalidSpec",
            "spec.menu.annotations: has \"eks.amazonaws.com/role-arn\"",
        ),
    ] {
        place.apply(name, spec).await;
        let said = place.condition(name, condition, "False", Some(reason)).await;
        assert!(said.contains(expected), "{name}: {said}");
    }
    operator.quiet().await;
    assert!(place.children().await.is_empty(), "something was made: {:?}", place.children().await.keys());
    let mesh = json!({"sidecar.istio.io/inject": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "true"});
    place.apply("trattoria", spec(json!({"auth": {"annotations": mesh}}))).await;
    place.ready("trattoria").await;
    operator.stop().await;
}

/// No object that a viewer may read (all except Secrets) has a hash from which a password could be guessed.
pub(crate) async fn d26_no_hash_of_a_password_is_in_what_viewers_read(place: &Place) {
    place.secret("chef", &[("password", "correct horse")]).await;
    let operator = place.operator();
    place.apply("trattoria", spec(json!({"admin": {"passwordSecretRef": {"name": "chef", "key": "password"}}}))).await;
    place.ready("trattoria").await;
    let secrets = Api::<Secret>::namespaced(place.client.clone(), &place.name).list(&Default::default()).await.expect("Secrets");
    let values =
        secrets.iter().flat_map(|secret| secret.data.iter().flatten()).filter(|(key, _)| ["password", "url"].contains(&key.as_str()));
    let hashes: Vec<String> = values.map(|(_, value)| checksum(&value.0)[..16].to_owned()).collect();
    assert!(hashes.len() >= 5, "{} passwords in {:?}", hashes.len(), secrets.iter().map(ResourceExt::name_any).collect::<Vec<_>>());
    for ((kind, name), object) in place.children().await.into_iter().filter(|((kind, _), _)| *kind != Kind::Secret) {
        let text = object.to_string();
        assert!(!hashes.iter().any(|hash| text.contains(hash)), "{} {name} has the hash of a password", kind.as_str());
    }
    tokio::time::timeout(Duration::from_secs(60), operator.stop()).await.expect("it stops");
}

/// A foreign claim with a wanted name is never adopted, and no object that would mount it is created.
pub(crate) async fn a_claim_of_anothers_is_mounted_nowhere(place: &Place) {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "trattoria-kafka"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let claims = place.api(Kind::PersistentVolumeClaim);
    claims.patch("trattoria-kafka", &PatchParams::apply("owner"), &Patch::Apply(&claim)).await.expect("a claim");
    let operator = place.operator();
    place.apply("trattoria", spec(json!({}))).await;
    let said = place.condition("trattoria", "KafkaReady", "False", Some("NameConflict")).await;
    assert!(said.contains("PersistentVolumeClaim trattoria-kafka"), "{said}");
    eventually("the databases are made", async || place.get(Kind::StatefulSet, "trattoria-menu-postgres").await).await;
    assert!(place.get(Kind::StatefulSet, "trattoria-kafka").await.is_none(), "it would mount the claim");
    place.delete(Kind::PersistentVolumeClaim, "trattoria-kafka").await;
    place.ready("trattoria").await;
    operator.stop().await;
}
