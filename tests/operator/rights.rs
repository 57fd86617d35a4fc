//! The operator with exactly the rights that its chart grants: they are sufficient, and each is necessary.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use control_plane::{Mark, Request};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use operator::controller::Settings;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::simulated::Simulated;
use crate::wire::Wire;
use crate::world::{Operator, Place, World, eventually};

/// The operator's field manager, and its value of the label for the manager of an object.
const MANAGER: &str = "restaurant-booking-operator";

/// A right: group, resource (with its subresource), verb.
type Right = (String, String, String);

/// The chart's rights for a whole cluster are sufficient for everything that the operator does for a resource.
pub(crate) async fn of_a_whole_cluster(place: &Place) {
    // In the control plane of all scenarios it would reconcile their resources too.
    let world = Arc::new(World::start(place.world.kafka.clone()).await);
    let (served, own) = (world.place("served").await, world.place("operator").await);
    let objects = rendered(&own.name, &[]).await;
    let scoped: Vec<_> = objects.iter().filter(|object| object["kind"] == "ClusterRole").collect();
    assert!(!scoped.is_empty());
    let operator = Installed::new(&own, &objects, &[String::new()]).await;
    let mark = world.plane.audit().mark();
    operator.does_all(&served, Vec::new()).await;
    operator.used_all(&served.world, &mark, &rights(&objects, &operator.account));
}

/// The same for a list of namespaces, without a ClusterRole: the operator has no rights in others.
pub(crate) async fn of_namespaces(place: &Place) {
    let (served, other) = (place.world.place("served").await, place.world.place("served").await);
    let served_names = [served.name.clone(), other.name.clone()];
    let objects = rendered(&place.name, &served_names).await;
    assert!(objects.iter().all(|object| !object["kind"].as_str().is_some_and(|kind| kind.starts_with("ClusterRole"))), "{objects:#?}");
    let operator = Installed::new(place, &objects, &served_names).await;
    let mark = place.world.plane.audit().mark();
    operator.does_all(&served, served_names.to_vec()).await;
    operator.used_all(&place.world, &mark, &rights(&objects, &operator.account));

    let client = Client::try_from(operator.config.clone()).expect("a client");
    for kind in Kind::ALL {
        for (namespace, expected) in [(served.name.as_str(), true), (place.name.as_str(), false), ("default", false), ("", false)] {
            for verb in ["list", "get", "patch"] {
                assert_eq!(may(&client, namespace, kind, verb).await, expected, "{verb} {kind:?} in {namespace:?}");
            }
        }
    }
    let refused = Api::<DynamicObject>::namespaced_with(client, "default", &Kind::Secret.resource()).get("any").await;
    assert!(matches!(&refused, Err(kube::Error::Api(answer)) if answer.code == 403), "{refused:?}");
}

/// A watched namespace that grants no rights does not delay another, and the readiness endpoint names it.
pub(crate) async fn a_namespace_without_rights(place: &Place) {
    let (served, other) = (place.world.place("served").await, place.world.place("refused").await);
    let served_names = [served.name.clone()];
    let mut objects = rendered(&place.name, &[served.name.clone(), other.name.clone()]).await;
    objects.retain(|object| object["metadata"]["namespace"] != other.name.as_str());
    let installed = Installed::new(place, &objects, &served_names).await;
    let _products = Simulated::start(&served);
    let operator = installed.start(&served, vec![served.name.clone(), other.name.clone()]);
    served.apply("trattoria", json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}})).await;
    served.ready("trattoria").await;
    let missing = operator.health.missing();
    assert!(missing.contains(&format!("Secret in {}", other.name)) && missing.contains("forbidden"), "{missing}");
    assert!(!missing.contains(&served.name), "{missing}");
    assert!(operator.health.is_ready(), "a namespace that is gone, or gives no rights, makes no operator unready");
    operator.stop().await;
}

/// An operator that the chart installs in a namespace, for that namespace.
pub(crate) async fn installed(place: &Place) -> Installed {
    let namespaces = [place.name.clone()];
    Installed::new(place, &rendered(&place.name, &namespaces).await, &namespaces).await
}

async fn may(client: &Client, namespace: &str, kind: Kind, verb: &str) -> bool {
    let attributes = ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        group: Some(kind.group().to_owned()),
        resource: Some(kind.plural().to_owned()),
        verb: Some(verb.to_owned()),
        ..Default::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let review = Api::<SelfSubjectAccessReview>::all(client.clone()).create(&PostParams::default(), &review).await.expect("an answer");
    review.status.is_some_and(|status| status.allowed)
}

/// The chart's objects with rights, for a release in a namespace.
async fn rendered(namespace: &str, watched: &[String]) -> Vec<Value> {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/restaurant-booking-operator");
    let mut helm = Command::new(control_plane::helm().await.expect("helm"));
    helm.args(["template", "operator"]).arg(chart).args(["--namespace", namespace]);
    if !watched.is_empty() {
        helm.args(["--set", &format!("watchNamespaces={{{}}}", watched.join(","))]);
    }
    let output = helm.output().expect("helm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let documents = serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).expect("YAML"));
    let kinds = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
    let is_right = |object: &Value| {
        // The rights of the chart's test belong to another account.
        let hook = &object["metadata"]["annotations"]["helm.sh/hook"];
        object["kind"].as_str().is_some_and(|kind| kinds.contains(&kind)) && hook.is_null()
    };
    documents.filter(is_right).collect()
}

/// The rights of an account in all namespaces.
fn rights(objects: &[Value], account: &str) -> BTreeSet<Right> {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let is_bound = |object: &&Value| items(&object["subjects"]).iter().any(|subject| subject["name"] == account);
    let roles: BTreeSet<String> = objects.iter().filter(is_bound).map(|binding| text(&binding["roleRef"]["name"])).collect();
    assert!(!roles.is_empty(), "no role is bound to {account}");
    let mut rights = BTreeSet::new();
    for role in objects.iter().filter(|object| roles.contains(&text(&object["metadata"]["name"]))) {
        for rule in items(&role["rules"]) {
            for (group, resource) in items(&rule["apiGroups"])
                .iter()
                .flat_map(|group| items(&rule["resources"]).into_iter().map(move |resource| (group.clone(), resource)))
            {
                rights.extend(items(&rule["verbs"]).iter().map(|verb| (text(&group), text(&resource), text(verb))));
            }
        }
    }
    rights
}

/// An operator that is who the chart makes it.
pub(crate) struct Installed {
    namespace: String,
    account: String,
    config: kube::Config,
}

impl Installed {
    async fn new(place: &Place, objects: &[Value], namespaces: &[String]) -> Self {
        for object in objects {
            apply(&place.client, &place.name, object).await;
        }
        let account = objects.iter().find(|object| object["kind"] == "ServiceAccount").expect("an account");
        let account = account["metadata"]["name"].as_str().expect("a name").to_owned();
        let accounts = Api::<ServiceAccount>::namespaced(place.client.clone(), &place.name);
        let spec = TokenRequestSpec { audiences: Vec::new(), expiration_seconds: Some(3600), bound_object_ref: None };
        let request = TokenRequest { spec, ..Default::default() };
        let token = accounts.create_token_request(&account, &PostParams::default(), &request).await.expect("a token");
        let token = token.status.expect("a token").token;
        let config = place.world.plane.client_config_as(&token);
        let client = Client::try_from(config.clone()).expect("a client");
        for namespace in namespaces {
            eventually("the API server knows the rights", async || may(&client, namespace, Kind::Secret, "list").await.then_some(())).await;
        }
        Self { namespace: place.name.clone(), account, config }
    }

    /// The API, with the rights of the account.
    pub(crate) fn client(&self) -> Client {
        Client::try_from(self.config.clone()).expect("a client")
    }

    /// Starts it.
    pub(crate) fn start(&self, place: &Place, namespaces: Vec<String>) -> Operator {
        let settings = Settings {
            namespaces,
            identity: "operator-0".to_owned(),
            relist: operator::timing::RELIST,
            concurrency: 8,
            defaults: Defaults { operator_namespace: self.namespace.clone(), ..Default::default() },
            kafka_address: place.world.kafka.as_ref().map(|node| node.address()),
        };
        let wire = Wire::default();
        Operator::start(wire.client(self.config.clone()), settings, wire)
    }

    /// Creates, changes, prunes and deletes two resources, which together have every kind of object.
    async fn does_all(&self, place: &Place, namespaces: Vec<String>) {
        let _products = Simulated::start(place);
        place.secret("s3", &[("accessKeyId", "a"), ("secretAccessKey", "b")]).await;
        let operator = self.start(place, namespaces);
        let (small, large) = (small(), large());
        place.apply("trattoria", small.clone()).await;
        place.apply("grand-hotel", large.clone()).await;
        place.edit_resource("grand-hotel", json!({"metadata": {"annotations": {"restaurantbooking.dev/backup": "now"}}})).await;
        place.ready("trattoria").await;
        place.ready("grand-hotel").await;
        // Ready does not wait for backups.
        place.condition("grand-hotel", "BackupReady", "True", None).await;

        // An object of each kind is edited, and put back.
        let mut edited = Vec::new();
        for kind in Kind::ALL {
            let made = place.children().await.into_keys().find(|(of, _)| *of == kind);
            let (_, name) = made.unwrap_or_else(|| panic!("no {kind:?} is made"));
            place.edit(kind, &name, json!({"metadata": {"labels": {"app.kubernetes.io/part-of": "something-else"}}})).await;
            edited.push((kind, name));
        }
        for (kind, name) in edited {
            eventually("it is put back", async || {
                let now = place.get(kind, &name).await?;
                (now["metadata"]["labels"]["app.kubernetes.io/part-of"] == "restaurant-booking").then_some(())
            })
            .await;
        }

        // Unwanted objects are pruned, including objects that an operator with other names made.
        let trattoria = place.resources().get("trattoria").await.expect("the resource");
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.holds_data()) {
            let made = place.children().await.into_iter().find(|((of, name), _)| *of == kind && !name.starts_with("old"));
            let ((_, name), mut object) = made.unwrap_or_else(|| panic!("no {kind:?} is made"));
            let fields = object.as_object_mut().expect("an object");
            fields.remove("status");
            fields.insert("apiVersion".to_owned(), kind.api_version().into());
            fields.insert("kind".to_owned(), kind.as_str().into());
            fields["metadata"] = json!({
                "name": format!("old-{name}"),
                "labels": {"app.kubernetes.io/managed-by": MANAGER, "app.kubernetes.io/instance": "trattoria"},
                "ownerReferences": [{
                    "apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "name": "trattoria",
                    "uid": trattoria.metadata.uid, "controller": true,
                }],
            });
            match kind {
                Kind::Service => fields["spec"] = json!({"ports": [{"port": 80}]}),
                Kind::Job => {
                    let spec = fields["spec"].as_object_mut().expect("a spec");
                    spec.remove("selector");
                    spec["template"]["metadata"] = Value::Null;
                }
                _ => {}
            }
            let params = PatchParams::apply(MANAGER).force();
            place
                .api(kind)
                .patch(&format!("old-{name}"), &params, &Patch::Apply(&object))
                .await
                .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        }
        let mut changed = small;
        for (field, value) in [
            ("image", json!({"tag": "2"})),
            ("auth", json!({"replicas": 1})),
            ("postgres", json!({"managed": {"storage": {"size": "2Gi"}}})),
            ("networkPolicy", json!({"enabled": false})),
            ("podDisruptionBudget", json!({"enabled": false})),
            ("monitoring", json!({"enabled": false})),
            ("deletionPolicy", json!("Delete")),
        ] {
            changed[field] = value;
        }
        changed.as_object_mut().expect("a spec").remove("ingress");
        let mut without_gateway = large;
        without_gateway["deletionPolicy"] = "Delete".into();
        without_gateway.as_object_mut().expect("a spec").remove("gateway");
        without_gateway["postgres"]["cloudNativePG"]["instances"] = 2.into();
        without_gateway["kafka"]["topics"] = json!({"partitions": 6});
        place.apply("trattoria", changed).await;
        place.apply("grand-hotel", without_gateway).await;
        place.ready("trattoria").await;
        place.ready("grand-hotel").await;
        eventually("what is old is removed", async || {
            place.children().await.keys().all(|(_, name)| !name.starts_with("old")).then_some(())
        })
        .await;
        // A resource that cannot become Ready, for its event.
        place.apply("conflict", json!({"restaurant": {"name": "Conflict", "timeZone": "UTC"}, "admin": {"passwordSecretRef": {"name": "none", "key": "none"}}})).await;
        place.condition("conflict", "Ready", "False", Some("SecretNotFound")).await;
        // A repeated event becomes a series.
        place.secret("none", &[("none", "correct horse battery")]).await;
        place.ready("conflict").await;
        place.delete(Kind::Secret, "none").await;
        place.condition("conflict", "Ready", "False", Some("SecretNotFound")).await;
        for name in ["trattoria", "grand-hotel", "conflict"] {
            place.resources().delete(name, &DeleteParams::default()).await.expect("it is deleted");
            eventually("it is gone", async || place.resources().get_opt(name).await.expect("an answer").is_none().then_some(())).await;
        }
        operator.stop().await;
    }

    /// Asserts that no request was forbidden, and that every right was used.
    fn used_all(&self, world: &World, mark: &Mark, rights: &BTreeSet<Right>) {
        let user = format!("system:serviceaccount:{}:{}", self.namespace, self.account);
        let requests: Vec<Request> = world.plane.audit().since(mark).into_iter().filter(|request| request.user == user).collect();
        let refused: Vec<_> = requests.iter().filter(|request| request.code == 403 || request.code == 401).collect();
        assert!(refused.is_empty(), "{refused:#?}");
        let mut used: BTreeSet<Right> = BTreeSet::new();
        for request in requests.iter().filter(|request| !request.resource.is_empty()) {
            let resource = match &*request.subresource {
                "" => request.resource.clone(),
                subresource => format!("{}/{subresource}", request.resource),
            };
            // An apply that creates an object also needs the right to create.
            if request.verb == "patch" && request.code == 201 {
                used.insert((request.group.clone(), resource.clone(), "create".to_owned()));
            }
            used.insert((request.group.clone(), resource, request.verb.clone()));
        }
        let missing: Vec<_> = used.difference(rights).collect();
        assert!(missing.is_empty(), "used and not given by the chart: {missing:#?}");
        let idle: Vec<_> = rights.difference(&used).collect();
        println!("{} requests, none refused; {} rights, {} of them used", requests.len(), rights.len(), rights.len() - idle.len());
        assert!(idle.is_empty(), "given by the chart and never used: {idle:#?}");
    }
}

/// A resource on managed backends, with backups that are verified, and an Ingress.
fn small() -> Value {
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "image": {"tag": "1"},
        "auth": {"autoscaling": {"maxReplicas": 3}},
        "postgres": {"managed": {"storage": {"size": "1Gi"}}},
        "backup": {"storage": {"claim": {"size": "1Gi"}}, "verify": {}},
        "ingress": {"host": "book.example.com"},
    })
}

/// A resource on backends of other products, with backups and a route of the Gateway API.
fn large() -> Value {
    json!({
        "restaurant": {"name": "Grand Hotel", "timeZone": "Europe/Zurich"},
        "postgres": {"cloudNativePG": {"instances": 1, "storage": {"size": "1Gi"}}},
        "backup": {"storage": {"s3": {"endpoint": "https://s3.example.com", "bucket": "backups", "credentialsSecretRef": {"name": "s3"}}}},
        "kafka": {"strimzi": {"brokers": 1, "storage": {"size": "1Gi"}}},
        "gateway": {"host": "book.example.org", "parentRef": {"name": "public"}},
    })
}

/// Applies an object with rights, in its namespace or in the cluster.
async fn apply(client: &Client, namespace: &str, object: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
    let api: Api<DynamicObject> = if kind.starts_with("Cluster") {
        Api::all_with(client.clone(), &resource)
    } else {
        let own = object["metadata"]["namespace"].as_str().unwrap_or(namespace);
        assert!(Api::<Namespace>::all(client.clone()).get_opt(own).await.expect("an answer").is_some(), "no namespace {own}");
        Api::namespaced_with(client.clone(), own, &resource)
    };
    let name = text(&object["metadata"]["name"]);
    api.patch(&name, &PatchParams::apply("helm").force(), &Patch::Apply(object))
        .await
        .unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
}
