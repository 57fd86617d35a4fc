//! What a control plane promises. One is shared by all tests but those that stop it.

mod access;
mod outage;
mod programs;
mod volumes;
mod workloads;

use std::time::{Duration, Instant};

use control_plane::ControlPlane;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

/// How long anything may take. It is long for the sake of slow machines: tests wait for what they wait for.
const LIMIT: Duration = Duration::from_secs(60);

/// The control plane that tests share, and a client of the administrator's.
async fn shared() -> (&'static ControlPlane, Client) {
    let control_plane = SHARED.get_or_init(start).await;
    (control_plane, Client::try_from(control_plane.client_config()).expect("a client"))
}

async fn start() -> ControlPlane {
    let started = Instant::now();
    let control_plane = ControlPlane::start().await.unwrap_or_else(|error| panic!("{error}"));
    eprintln!("a control plane has started after {:?}", started.elapsed());
    control_plane
}

/// Makes a namespace of the test's own.
async fn namespace(client: &Client, name: &str) {
    create::<Namespace>(&Api::all(client.clone()), json!({ "metadata": { "name": name } })).await;
}

async fn create<K>(api: &Api<K>, object: Value) -> K
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    let object: K = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("it is created")
}

/// Waits until a question is answered with yes.
async fn eventually(what: &str, question: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !question().await {
        assert!(started.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("{what}: after {:?}", started.elapsed());
}

/// What a workload makes Pods from.
fn template(image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "test" } },
        "spec": {
            "initContainers": [{ "name": "first", "image": "example.invalid/first:1" }],
            "containers": [{ "name": "main", "image": image }],
        },
    })
}
