//! What the scenarios stand on: a cluster, the operator in it, and restaurants.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};

use crate::Result;
use crate::command::{helm, kubectl, kubectl_reading};
use crate::restaurant::{Restaurant, spec};

/// The release, its namespace and its Deployment, as the documentation has them.
pub(crate) const OPERATOR: &str = "restaurant-booking-operator";
/// The definition.
pub(crate) const CRD: &str = "restaurantbookings.restaurantbooking.dev";
/// On every namespace that is ours to remove.
pub(crate) const OURS: &str = "restaurantbooking.dev/e2e";

/// What is tried, and how.
pub(crate) struct Settings {
    /// Registry and path of the images.
    pub(crate) registry: String,
    /// Tag of the images.
    pub(crate) tag: String,
    /// Another tag of the services' images, to which is upgraded.
    pub(crate) next_tag: String,
    /// Tag of an image of reservation from before the house could be declared, where there is one.
    pub(crate) before_tag: Option<String>,
    /// Whether everything is left as it is at the end.
    pub(crate) keep: bool,
}

impl Settings {
    /// From the environment.
    pub(crate) fn read() -> Self {
        let read = |name: &str, default: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or(default.to_owned());
        let tag = read("TAG", "e2e");
        Self {
            registry: read("REGISTRY", "ghcr.io/restaurant-booking"),
            next_tag: read("NEXT_TAG", &format!("{tag}-next")),
            tag,
            before_tag: Some(read("BEFORE_TAG", "")).filter(|tag| !tag.is_empty()),
            keep: !read("KEEP", "").is_empty(),
        }
    }
}

/// A cluster.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    /// When the scenario began.
    began: Cell<Instant>,
    /// A scenario failed, and may have left a restaurant other than it should be.
    pub(crate) disturbed: Cell<bool>,
    numbers: Cell<u32>,
}

impl World {
    /// Connects, and refuses a cluster that has a platform which is not ours to remove.
    pub(crate) async fn open(settings: Settings) -> Result<Self> {
        let client = Client::try_default().await?;
        let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
        let namespaces: Api<Namespace> = Api::all(client.clone());
        if crds.get_opt(CRD).await?.is_some() {
            let ours = namespaces.list(&ListParams::default().labels(OURS)).await?;
            if ours.items.is_empty() {
                return Err(format!("the cluster has the definition {CRD}: a platform that this test would remove").into());
            }
        }
        Ok(Self { client, settings, began: Instant::now().into(), disturbed: false.into(), numbers: 0.into() })
    }

    /// A file or folder of the repository.
    pub(crate) fn path(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
    }

    /// A scenario begins.
    pub(crate) fn begin(&self) {
        self.began.set(Instant::now());
    }

    /// Says what was done, and when.
    pub(crate) fn tell(&self, what: impl AsRef<str>) {
        for line in what.as_ref().lines() {
            println!("  {:6.1} s  {line}", self.began.get().elapsed().as_secs_f64());
        }
    }

    /// A number that nothing else has.
    pub(crate) fn number(&self) -> u32 {
        self.numbers.set(self.numbers.get() + 1);
        self.numbers.get()
    }

    /// Makes a namespace in which restricted pod security is enforced.
    pub(crate) async fn namespace(&self, name: &str) -> Result<()> {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted", OURS: "true"});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        kubectl_reading(&["apply", "--filename", "-"], &namespace.to_string()).await.map(drop)
    }

    /// Installs the operator by its chart, unless it is there.
    pub(crate) async fn install(&self) -> Result<()> {
        if !helm(&["list", "--namespace", OPERATOR, "--short"]).await?.trim().is_empty() {
            return Ok(());
        }
        self.namespace(OPERATOR).await?;
        let Settings { registry, tag, .. } = &self.settings;
        // The chart has registry and repository apart.
        let (host, path) = registry.split_once('/').map_or((registry.as_str(), String::new()), |(host, path)| (host, format!("{path}/")));
        let chart = Self::path("charts/restaurant-booking-operator");
        let values = format!(
            "image.registry={host},image.repository={path}operator,image.tag={tag},\
             services.image.registry={registry},services.image.tag={tag}"
        );
        let chart = chart.to_str().ok_or("a path that is not UTF-8")?;
        helm(&["install", OPERATOR, chart, "--namespace", OPERATOR, "--wait", "--timeout", "5m", "--set-string", &values]).await?;
        self.tell(format!("helm install {OPERATOR}: its Pods are ready"));
        Ok(())
    }

    /// The restaurant of most scenarios: two Pods of each service, Ready.
    pub(crate) async fn trattoria(&self) -> Result<Restaurant<'_>> {
        let restaurant = self.restaurant("e2e-trattoria", "trattoria", 2).await?;
        if self.disturbed.get() {
            restaurant.replace(&spec(&restaurant.name, 2)).await?;
            restaurant.ready().await?;
            self.disturbed.set(false);
        }
        Ok(restaurant)
    }

    /// A restaurant that is Ready. What is missing is made.
    pub(crate) async fn restaurant(&self, namespace: &str, name: &str, replicas: u32) -> Result<Restaurant<'_>> {
        self.restaurant_of(namespace, name, &spec(name, replicas)).await
    }

    /// A restaurant that is Ready, made of this spec where it is missing.
    pub(crate) async fn restaurant_of(&self, namespace: &str, name: &str, spec: &Value) -> Result<Restaurant<'_>> {
        self.install().await?;
        let restaurant = Restaurant { world: self, namespace: namespace.to_owned(), name: name.to_owned() };
        self.namespace(namespace).await?;
        if restaurant.find().await?.is_none() {
            restaurant.apply(spec).await?;
            restaurant.ready().await?;
            self.tell(format!("kubectl apply {namespace}/{name}: it is Ready"));
        }
        Ok(restaurant)
    }

    /// Removes some namespaces, with everything in them.
    pub(crate) async fn remove(&self, namespaces: &[&str]) -> Result<()> {
        kubectl(&[&["delete", "namespace", "--ignore-not-found", "--timeout=5m"], namespaces].concat()).await.map(drop)
    }

    /// Removes everything, in the documented order.
    pub(crate) async fn remove_everything(&self) -> Result<()> {
        if Api::<CustomResourceDefinition>::all(self.client.clone()).get_opt(CRD).await?.is_some() {
            kubectl(&["delete", "restaurantbookings", "--all", "--all-namespaces", "--timeout=3m"]).await?;
        }
        helm(&["uninstall", OPERATOR, "--namespace", OPERATOR, "--ignore-not-found", "--wait"]).await?;
        kubectl(&["delete", "crd", CRD, "--ignore-not-found", "--timeout=1m"]).await?;
        self.remove_namespaces().await
    }

    /// Removes the namespaces: none may be stuck.
    pub(crate) async fn remove_namespaces(&self) -> Result<()> {
        kubectl(&["delete", "namespaces", "--selector", OURS, "--timeout=3m"]).await.map(drop)
    }
}

/// Waits until something is there. What fails on the way is told only if it never is.
pub(crate) async fn eventually<T>(what: &str, patience: Duration, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        let last = match look().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => String::new(),
            Err(error) => format!(": {error}"),
        };
        if started.elapsed() > patience {
            return Err(format!("not within {} s: {what}{last}", patience.as_secs()).into());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Fails unless something holds.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(what().into()) }
}
