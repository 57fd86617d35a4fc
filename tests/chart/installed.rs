//! What a real cluster makes of the chart. One is shared by all tests.

use std::process::Stdio;
use std::time::{Duration, Instant};

use control_plane::ControlPlane;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, Role};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams};
use kube::discovery::{Discovery, Scope};
use operator::api::RestaurantBooking;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::{Objects, RELEASE, chart, complaint, helm, render, said, value_sets, values};

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

/// How long anything may take. It is long for the sake of slow machines: tests wait for what they wait for.
const LIMIT: Duration = Duration::from_secs(60);

async fn shared() -> (&'static ControlPlane, Client) {
    let control_plane = SHARED
        .get_or_init(async || {
            let control_plane = ControlPlane::start().await.unwrap_or_else(|error| panic!("{error}"));
            let client = Client::try_from(control_plane.client_config()).expect("a client");
            control_plane::install_crds(&client).await.unwrap_or_else(|error| panic!("{error}"));
            control_plane
        })
        .await;
    (control_plane, Client::try_from(control_plane.client_config()).expect("a client"))
}

/// Makes a namespace that takes Pods only where they keep to the restricted pod security standard.
async fn namespace(client: &Client, name: &str) {
    let namespace = json!({"metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespace: Namespace = serde_json::from_value(namespace).expect("a namespace");
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.expect("it is made");
}

/// Every object of every set of values is one that the API server takes.
#[tokio::test]
async fn the_api_server_takes_whatever_is_rendered() {
    let (_, client) = shared().await;
    for name in ["chart", "chart-other"] {
        namespace(&client, name).await;
    }
    let discovery = Discovery::new(client.clone()).run().await.expect("the kinds that the cluster knows");
    let mut taken = 0;
    for (set, arguments) in value_sets() {
        for object in render(&arguments).await.0 {
            let text = |member: &str| object[member].as_str().expect("text").to_owned();
            let (api_version, kind) = (text("apiVersion"), text("kind"));
            let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
            let known: Option<(ApiResource, _)> = discovery.resolve_gvk(&GroupVersionKind::gvk(group, version, &kind));
            let (resource, capabilities) = known.unwrap_or_else(|| panic!("{set}: the cluster does not know {api_version} {kind}"));
            let namespace = object["metadata"]["namespace"].as_str();
            assert_eq!(namespace.is_some(), capabilities.scope == Scope::Namespaced, "{set}: {kind}");
            let api: Api<DynamicObject> = match namespace {
                Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
                None => Api::all_with(client.clone(), &resource),
            };
            let name = object["metadata"]["name"].as_str().expect("a name");
            let mut params = PatchParams::apply("test").force();
            // Of a Pod it asks whether its ServiceAccount is there.
            params.dry_run = kind != "ServiceAccount";
            // What it does not know of a kind is a mistake.
            params.field_validation = Some(kube::api::ValidationDirective::Strict);
            let answer = api.patch(name, &params, &Patch::Apply(&object)).await;
            answer.unwrap_or_else(|error| panic!("{set}: {kind} {name}: {error}"));
            taken += 1;
        }
    }
    assert!(taken > 60, "{taken}");
}

/// A release, and the cluster that it is in.
struct Release {
    client: Client,
    control_plane: &'static ControlPlane,
    kubeconfig: String,
    name: &'static str,
    namespace: &'static str,
}

impl Release {
    async fn helm(&self, command: &[&str], arguments: &[String]) -> std::process::Output {
        let mut all: Vec<String> = command.iter().map(|&argument| argument.to_owned()).collect();
        all.extend([format!("--kubeconfig={}", self.kubeconfig), format!("--namespace={}", self.namespace)]);
        all.extend_from_slice(arguments);
        helm(&all).await
    }

    /// Installs or upgrades, and waits until Pods are ready.
    async fn bring(&self, command: &str, arguments: &[String]) -> std::process::Output {
        let chart = chart();
        let wait = if arguments.iter().any(|argument| argument.starts_with("--wait")) { None } else { Some("--wait") };
        let mut all = vec![command, self.name, chart.to_str().expect("a path"), "--timeout=60s"];
        all.extend(wait);
        self.helm(&all, arguments).await
    }

    fn operator(&self) -> String {
        format!("{}-restaurant-booking-operator", self.name)
    }

    /// Whether the operator's ServiceAccount may do something.
    async fn may(&self, verb: &str, group: &str, resource: &str, namespace: Option<&str>) -> bool {
        let (resource, subresource) = resource.split_once('/').map_or((resource, None), |(resource, sub)| (resource, Some(sub.to_owned())));
        let attributes = ResourceAttributes {
            verb: Some(verb.to_owned()),
            group: Some(group.to_owned()),
            resource: Some(resource.to_owned()),
            subresource,
            namespace: namespace.map(str::to_owned),
            ..Default::default()
        };
        let spec = SubjectAccessReviewSpec {
            user: Some(format!("system:serviceaccount:{}:{}", self.namespace, self.operator())),
            resource_attributes: Some(attributes),
            ..Default::default()
        };
        let review = SubjectAccessReview { spec, ..Default::default() };
        let answer = Api::all(self.client.clone()).create(&PostParams::default(), &review).await.expect("an answer");
        answer.status.expect("an answer").allowed
    }

    /// The rights that a real authorizer finds: those of the code in `served`, none in `other`.
    async fn assert_rights(&self, served: &[Option<&str>], other: &[Option<&str>]) {
        for kind in Kind::ALL {
            let (group, resource) = (kind.group(), kind.plural());
            for place in served {
                for verb in ["get", "list", "watch", "create", "patch", "delete"] {
                    assert!(self.may(verb, group, resource, *place).await, "{verb} {resource} in {place:?}");
                }
                for verb in ["update", "deletecollection"] {
                    assert!(!self.may(verb, group, resource, *place).await, "{verb} {resource} in {place:?}");
                }
            }
            for place in other {
                assert!(!self.may("get", group, resource, *place).await, "get {resource} in {place:?}");
            }
        }
        for place in served {
            assert!(self.may("patch", operator::api::GROUP, "restaurantbookings/status", *place).await);
            assert!(self.may("patch", operator::api::GROUP, "restaurantbookings", *place).await);
            assert!(!self.may("delete", operator::api::GROUP, "restaurantbookings", *place).await);
            assert!(!self.may("create", "rbac.authorization.k8s.io", "roles", *place).await);
            assert!(!self.may("get", "", "pods", *place).await);
        }
        assert!(self.may("create", "coordination.k8s.io", "leases", Some(self.namespace)).await);
        assert!(!self.may("get", "coordination.k8s.io", "leases", Some("kube-system")).await);
    }
}

async fn release(name: &'static str, namespace_of: &'static str) -> Release {
    let (control_plane, client) = shared().await;
    namespace(&client, namespace_of).await;
    let kubeconfig = control_plane.kubeconfig().to_str().expect("a path").to_owned();
    Release { client, control_plane, kubeconfig, name, namespace: namespace_of }
}

fn definitions(client: &Client) -> Api<CustomResourceDefinition> {
    Api::all(client.clone())
}

const DEFINITION: &str = "restaurantbookings.restaurantbooking.dev";

/// The life of a release: one test, since the definition belongs to one release of a cluster.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_installed_tested_upgraded_and_taken_away() {
    let release = release(RELEASE, "operator").await;
    for name in ["trattoria", "osteria"] {
        namespace(&release.client, name).await;
    }

    // In all namespaces, with the defaults; helm waits until the Pods are ready.
    let notes = said(&release.bring("install", &[]).await);
    let deployments: Api<Deployment> = Api::namespaced(release.client.clone(), release.namespace);
    let status = deployments.get(&release.operator()).await.expect("it is there").status.expect("a status");
    assert_eq!(status.ready_replicas, Some(2));
    release.assert_rights(&[None, Some("trattoria"), Some("operator")], &[]).await;
    the_notes_lead_to_a_resource(&release, &notes).await;
    the_test_does_what_it_may(&release).await;

    // Everything that can be on.
    said(
        &release
            .bring(
                "upgrade",
                &[values("everything"), "--set=fullnameOverride=rb-restaurant-booking-operator,serviceAccount.name=".to_owned()],
            )
            .await,
    );
    let status = deployments.get(&release.operator()).await.expect("it is there").status.expect("a status");
    assert_eq!((status.replicas, status.ready_replicas), (Some(3), Some(3)));

    // In some namespaces only.
    said(&release.bring("upgrade", &["--set=watchNamespaces={trattoria,osteria}".to_owned()]).await);
    let ours = ListParams::default().labels("app.kubernetes.io/name=restaurant-booking-operator");
    let cluster_roles = Api::<ClusterRole>::all(release.client.clone()).list(&ours).await.expect("a list");
    assert_eq!(cluster_roles.items, []);
    let places = [Some("trattoria"), Some("osteria")];
    release.assert_rights(&places, &[None, Some("operator"), Some("default")]).await;

    // What users made outlives the chart, and the definition with it.
    let resources: Api<RestaurantBooking> = Api::namespaced(release.client.clone(), "trattoria");
    let resource = serde_json::from_value(json!({
        "apiVersion": "restaurantbooking.dev/v1alpha1",
        "kind": "RestaurantBooking",
        "metadata": {"name": "trattoria"},
        "spec": {"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}},
    }));
    resources.create(&PostParams::default(), &resource.expect("a resource")).await.expect("it is made");
    let uninstalled = said(&release.helm(&["uninstall", release.name, "--wait"], &[]).await);
    assert!(uninstalled.contains(DEFINITION), "it says what it keeps: {uninstalled}");
    let definition = definitions(&release.client).get(DEFINITION).await.expect("it is kept");
    assert!(definition.metadata.deletion_timestamp.is_none());
    resources.get("trattoria").await.expect("it is kept");
    assert!(deployments.get_opt(&release.operator()).await.expect("an answer").is_none());
    let roles = Api::<Role>::all(release.client.clone()).list(&ours).await.expect("a list");
    assert_eq!(roles.items, []);

    // Installed again it goes on with the definition that was left; helm need not wait.
    said(&release.bring("install", &["--wait=hookOnly".to_owned()]).await);
    resources.get("trattoria").await.expect("it is still there");
    // A second one in the same cluster leaves the definition to the first.
    let second = self::release("second", "second").await;
    let message = complaint(&second.bring("install", &[]).await);
    assert!(message.contains(DEFINITION) && message.contains("meta.helm.sh/release-name"), "{message}");
    let arguments = ["--set=watchNamespaces={second},crds.enabled=false".to_owned()];
    said(&second.bring("upgrade", &[&arguments[..], &["--install".to_owned()]].concat()).await);
    second.assert_rights(&[Some("second")], &[None, Some("trattoria")]).await;
}

/// Whoever copies the resource of the notes gets one that the API server takes.
async fn the_notes_lead_to_a_resource(release: &Release, notes: &str) {
    let (_, rest) = notes.split_once("The first restaurant:\n").expect("a resource");
    let (commands, _) = rest.split_once("\nEND\n").expect("its end");
    // The shell reads the commands as they stand; in the place of kubectl it shows what kubectl would get.
    let script = format!("kubectl() {{ case $1 in apply) cat;; esac; }}\n{commands}\nEND\n");
    let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().await.expect("a shell");
    let objects = Objects::parse(&said(&output));
    let resource = objects.one("RestaurantBooking");
    let api: Api<RestaurantBooking> = Api::namespaced(release.client.clone(), "trattoria");
    let name = resource["metadata"]["name"].as_str().expect("a name");
    let mut params = PatchParams::apply("test").dry_run();
    params.field_validation = Some(kube::api::ValidationDirective::Strict);
    api.patch(name, &params, &Patch::Apply(resource)).await.expect("it is taken");
    assert!(notes.contains(&format!("kubectl wait restaurantbooking/{name} --namespace restaurant --for=condition=Ready")), "{notes}");
    assert!(notes.contains(&format!("deployment/{}", release.operator())), "{notes}");
}

/// No container runs here: what the Pod of `helm test` would do is done with its rights, and told in its place.
async fn the_test_does_what_it_may(release: &Release) {
    let pods: Api<Pod> = Api::namespaced(release.client.clone(), release.namespace);
    let name = format!("{}-test", release.operator());
    let works = async {
        let started = Instant::now();
        while pods
            .get_opt(&name)
            .await
            .expect("an answer")
            .is_none_or(|pod| pod.status.and_then(|status| status.phase).as_deref() != Some("Running"))
        {
            assert!(started.elapsed() < LIMIT, "no Pod {name}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let accounts: Api<ServiceAccount> = Api::namespaced(release.client.clone(), release.namespace);
        let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": []}})).expect("a request");
        let answer = accounts.create_token_request(&name, &PostParams::default(), &request).await.expect("a token");
        let client = Client::try_from(release.control_plane.client_config_as(&answer.status.expect("a token").token)).expect("a client");
        operator::check::would_take(client.clone(), release.namespace).await.expect("the Role of the test is enough");
        operator::check::would_take(client, "trattoria").await.expect_err("and holds in its own namespace only");
        let done: Value = json!({"status": {"phase": "Succeeded"}});
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&done)).await.expect("it is told");
    };
    let test = ["test", release.name, "--timeout=60s"];
    let (output, ()) = tokio::join!(release.helm(&test, &[]), works);
    let said = said(&output);
    assert!(said.contains("Phase:          Succeeded"), "{said}");
    let left = Api::<Role>::namespaced(release.client.clone(), release.namespace).get_opt(&name).await.expect("an answer");
    assert!(left.is_none() && pods.get_opt(&name).await.expect("an answer").is_none_or(|pod| pod.metadata.deletion_timestamp.is_some()));
}
