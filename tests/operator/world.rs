//! The environment of the scenarios: one control plane and one Kafka for all, a namespace and an operator for each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chassis::Shutdown;
use control_plane::{ControlPlane, Mark, Request};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt as _};
use operator::api::RestaurantBooking;
use operator::controller::{self, Ended, Settings};
use operator::metrics::Metrics;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;
use operator::watches::Health;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::apache::Node;
use crate::wire::Wire;

/// The longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// One control plane and one Kafka for all scenarios.
pub(crate) struct World {
    pub(crate) plane: ControlPlane,
    /// `None` without Java or Maven.
    pub(crate) kafka: Option<Arc<Node>>,
    numbers: AtomicUsize,
}

impl World {
    pub(crate) async fn start(kafka: Option<Arc<Node>>) -> Self {
        let plane = ControlPlane::start().await.unwrap_or_else(|error| panic!("there is no control plane: {error}"));
        let client = Client::try_from(plane.client_config()).expect("a client");
        control_plane::install_crds(&client).await.expect("the definitions of other products");
        install_crd(&client).await;
        Self { plane, kafka, numbers: AtomicUsize::new(0) }
    }

    /// A control plane for one scenario, without definitions, with the same Kafka.
    pub(crate) async fn bare(&self) -> Arc<Self> {
        let plane = ControlPlane::start().await.unwrap_or_else(|error| panic!("there is no control plane: {error}"));
        Arc::new(Self { plane, kafka: self.kafka.clone(), numbers: AtomicUsize::new(0) })
    }

    pub(crate) fn client(&self) -> Client {
        Client::try_from(self.plane.client_config()).expect("a client")
    }

    /// A namespace for one scenario.
    pub(crate) async fn place(self: &Arc<Self>, name: &str) -> Place {
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let name = format!("{}-{number}", name.replace('_', "-").chars().take(40).collect::<String>());
        let namespaces: Api<Namespace> = Api::all(self.client());
        let labels = BTreeMap::from([("pod-security.kubernetes.io/enforce".to_owned(), "restricted".to_owned())]);
        let namespace = Namespace {
            metadata: kube::api::ObjectMeta { name: Some(name.clone()), labels: Some(labels), ..Default::default() },
            ..Default::default()
        };
        namespaces.create(&PostParams::default(), &namespace).await.expect("a namespace");
        Place { world: self.clone(), client: self.client(), name }
    }
}

/// Installs the operator's definition.
pub(crate) async fn install_crd(client: &Client) {
    let crd = operator::api::crd();
    let api: Api<k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition> = Api::all(client.clone());
    api.patch(&crd.name_any(), &PatchParams::apply("test").force(), &Patch::Apply(&crd)).await.expect("the definition is accepted");
    eventually("the definition is established", async || {
        let crd = api.get(&crd.name_any()).await.ok()?;
        let conditions = crd.status?.conditions?;
        conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True").then_some(())
    })
    .await;
}

/// Waits until `look` finds something, and reports `what` if it does not.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, &mut look).await
}

/// Waits for at most `time` until `look` finds something, and reports `what` if it does not.
pub(crate) async fn within<T>(time: Duration, what: &str, look: &mut impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < time, "not within {} s: {what}", time.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A namespace and its clients.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) world: Arc<World>,
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Place {
    pub(crate) fn api(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.name, &kind.resource())
    }

    pub(crate) fn resources(&self) -> Api<RestaurantBooking> {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// Applies a resource, as `kubectl apply --server-side` does.
    pub(crate) async fn apply(&self, name: &str, spec: Value) -> RestaurantBooking {
        self.try_apply(name, spec).await.unwrap_or_else(|error| panic!("the resource is accepted: {error}"))
    }

    pub(crate) async fn try_apply(&self, name: &str, spec: Value) -> kube::Result<RestaurantBooking> {
        let body =
            json!({"apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "metadata": {"name": name}, "spec": spec});
        self.resources().patch(name, &PatchParams::apply("user").force(), &Patch::Apply(&body)).await
    }

    /// Stores a resource that may not be readable.
    pub(crate) async fn apply_raw(&self, name: &str, spec: Value) -> kube::Result<()> {
        let body =
            json!({"apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "metadata": {"name": name}, "spec": spec});
        self.raw_resources().patch(name, &PatchParams::apply("user").force(), &Patch::Apply(&body)).await.map(drop)
    }

    /// A resource as stored.
    pub(crate) async fn raw(&self, name: &str) -> Value {
        serde_json::to_value(self.raw_resources().get(name).await.expect("the resource")).expect("JSON")
    }

    /// The API for resources that may not be readable.
    pub(crate) fn raw_resources(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.name, &kube::core::ApiResource::erase::<RestaurantBooking>(&()))
    }

    pub(crate) async fn get(&self, kind: Kind, name: &str) -> Option<Value> {
        let found = self.api(kind).get_opt(name).await.expect("the API server answers");
        found.map(|found| serde_json::to_value(found).expect("JSON"))
    }

    pub(crate) async fn delete(&self, kind: Kind, name: &str) {
        self.api(kind).delete(name, &DeleteParams::background()).await.unwrap_or_else(|error| panic!("{} {name}: {error}", kind.as_str()));
    }

    /// Changes an object as `kubectl edit` does.
    pub(crate) async fn edit(&self, kind: Kind, name: &str, patch: Value) {
        let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..Default::default() };
        self.api(kind)
            .patch(name, &params, &Patch::Merge(&patch))
            .await
            .unwrap_or_else(|error| panic!("{} {name}: {error}", kind.as_str()));
    }

    /// Changes a resource.
    pub(crate) async fn edit_resource(&self, name: &str, patch: Value) {
        self.raw_resources().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.expect("the resource is changed");
    }

    /// Every object of the operator in the namespace, by kind and name.
    pub(crate) async fn children(&self) -> BTreeMap<(Kind, String), Value> {
        let mut children = BTreeMap::new();
        for kind in Kind::ALL {
            let params = ListParams::default().labels("app.kubernetes.io/managed-by=restaurant-booking-operator");
            for object in self.api(kind).list(&params).await.expect("a list") {
                children.insert((kind, object.name_any()), serde_json::to_value(object).expect("JSON"));
            }
        }
        children
    }

    /// The name of the ConfigMap that the Pods of a service read, which depends on its content.
    pub(crate) async fn settings_of(&self, deployment: &str) -> String {
        let deployment = self.get(Kind::Deployment, deployment).await.expect("a Deployment");
        let source = &deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"];
        source["name"].as_str().expect("a ConfigMap").to_owned()
    }

    /// Creates a Secret, as a user does.
    pub(crate) async fn secret(&self, name: &str, data: &[(&str, &str)]) {
        let data: BTreeMap<&str, &str> = data.iter().copied().collect();
        let labels = json!({"restaurantbooking.dev/usable": "true"});
        let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}, "stringData": data});
        self.api(Kind::Secret).patch(name, &PatchParams::apply("user").force(), &Patch::Apply(&body)).await.expect("a Secret");
    }

    /// Waits until a condition of the newest generation has the status, and returns its message.
    pub(crate) async fn condition(&self, name: &str, kind: &str, status: &str, reason: Option<&str>) -> String {
        let found = |resource: Option<&RestaurantBooking>| {
            let resource = resource?;
            let found = resource.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)?;
            let current = found.observed_generation == resource.metadata.generation;
            let right = found.status == status && reason.is_none_or(|reason| found.reason == reason);
            (current && right).then(|| found.message.clone())
        };
        let watched = await_condition(self.resources(), name, |resource: Option<&RestaurantBooking>| found(resource).is_some());
        let outcome = tokio::time::timeout(PATIENCE, watched).await;
        if let Ok(Ok(resource)) = &outcome
            && let Some(message) = found(resource.as_ref())
        {
            return message;
        }
        let resource = self.resources().get(name).await.expect("the resource");
        let conditions = resource.status.iter().flat_map(|status| &status.conditions);
        let told: Vec<_> = conditions
            .map(|one| format!("{}={} {} ({:?}): {}", one.type_, one.status, one.reason, one.observed_generation, one.message))
            .collect();
        panic!(
            "{name} in {}: {kind} did not become {status} {reason:?}; generation {:?}:\n  {}\n{:?}",
            self.name,
            resource.metadata.generation,
            told.join("\n  "),
            outcome.map(|watched| watched.map(|_| ())),
        );
    }

    /// Waits until a resource is Ready, and until its autoscalers have raised their Deployments to the minimum. Autoscalers check every 15
    /// s: without the wait, a scenario would observe that change.
    pub(crate) async fn ready(&self, name: &str) {
        self.condition(name, "Ready", "True", None).await;
        let of = ListParams::default().labels(&format!("app.kubernetes.io/instance={name}"));
        let started = Instant::now();
        while !self.is_scaled(name, &of).await {
            assert!(started.elapsed() < PATIENCE, "the autoscalers of {name} in {} have not looked at their Deployments", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether every autoscaled Deployment has the autoscaler's minimum of Pods, and the resource's status counts all Pods.
    async fn is_scaled(&self, name: &str, of: &ListParams) -> bool {
        let scalers = self.api(Kind::HorizontalPodAutoscaler).list(of).await.expect("autoscalers").items;
        if scalers.is_empty() {
            return true;
        }
        let mut deployments = self.api(Kind::Deployment).list(of).await.expect("Deployments").items;
        // The status counts the Pods of services.
        deployments.retain(|one| one.name_any() != format!("{name}-backup"));
        let replicas = |one: &DynamicObject| one.data["spec"]["replicas"].as_i64().unwrap_or(1);
        for scaler in scalers {
            let least = scaler.data["spec"]["minReplicas"].as_i64().unwrap_or(1);
            let scaled = deployments.iter().find(|one| one.name_any() == scaler.name_any()).map(replicas);
            // The autoscaler ignores a Deployment that was scaled to zero by hand.
            if !scaled.is_some_and(|scaled| scaled == 0 || scaled >= least) {
                return false;
            }
        }
        let all: i64 = deployments.iter().map(replicas).sum();
        let told = self.resources().get(name).await.expect("the resource").status.and_then(|status| status.replicas);
        told == Some(format!("{all}/{all}"))
    }

    /// The writes in the namespace since `mark`, except those of the control plane, those of the test itself by [`Place::apply`],
    /// [`Place::secret`] and [`Place::edit`], and those to leases.
    pub(crate) fn writes(&self, mark: &Mark) -> Vec<Request> {
        let mut writes = self.world.plane.audit().since(mark);
        writes.retain(|request| {
            let own = ["fieldManager=user", "fieldManager=kubectl-edit"].iter().any(|manager| request.uri.contains(manager));
            let account = format!("system:serviceaccount:{}:", self.name);
            let of_plane = request.user.starts_with("system:") && !request.user.starts_with(&account);
            request.is_write() && request.namespace == self.name && request.resource != "leases" && !own && !of_plane
        });
        writes
    }

    /// An operator that watches only this namespace, with all rights.
    pub(crate) fn operator(&self) -> Operator {
        self.operator_over(Wire::default())
    }

    pub(crate) fn operator_over(&self, wire: Wire) -> Operator {
        self.operator_as("operator-0", self.world.plane.client_config(), wire)
    }

    /// An operator that connects to brokers at another address than that of the broker's plain listener.
    pub(crate) fn operator_at(&self, kafka_address: &str) -> Operator {
        let wire = Wire::default();
        let settings = Settings { kafka_address: Some(kafka_address.to_owned()), ..self.settings("operator-0") };
        Operator::start(wire.client(self.world.plane.client_config()), settings, wire)
    }

    pub(crate) fn operator_as(&self, identity: &str, config: kube::Config, wire: Wire) -> Operator {
        Operator::start(wire.client(config), self.settings(identity), wire)
    }

    /// The settings of an operator that watches only this namespace.
    pub(crate) fn settings(&self, identity: &str) -> Settings {
        Settings {
            namespaces: vec![self.name.clone()],
            identity: identity.to_owned(),
            concurrency: 8,
            relist: operator::timing::RELIST,
            defaults: Defaults { operator_namespace: self.name.clone(), ..Default::default() },
            kafka_address: self.world.kafka.as_ref().map(|node| node.address()),
        }
    }
}

/// An operator that runs in this process.
pub(crate) struct Operator {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    pub(crate) wire: Wire,
    shutdown: Shutdown,
    task: JoinHandle<Result<(), Ended>>,
}

impl Operator {
    pub(crate) fn start(client: Client, settings: Settings, wire: Wire) -> Self {
        let (metrics, health, shutdown) = (Arc::new(Metrics::default()), Arc::new(Health::default()), Shutdown::new());
        let task = tokio::spawn(controller::run(client, settings, metrics.clone(), health.clone(), shutdown.clone()));
        Self { metrics, health, wire, shutdown, task }
    }

    /// Stops it like SIGTERM.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        let ended = self.task.await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
    }

    /// Ends it like SIGKILL: it finishes nothing and releases nothing.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// The number of reconciles that have ended, with any result.
    pub(crate) fn rounds(&self) -> u64 {
        let text = self.metrics.render();
        let counts = text.lines().filter(|line| line.starts_with("operator_reconciles_total{"));
        counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
    }

    /// Waits until it has sent no request, and ended no reconcile, for two and a half seconds: a change of progress has a second until its
    /// reconcile.
    pub(crate) async fn quiet(&self) {
        let (started, mut since, mut last) = (Instant::now(), Instant::now(), (0, 0));
        while since.elapsed() < Duration::from_millis(2500) || last.1 == 0 {
            let now = (self.wire.sent(), self.rounds());
            if now != last {
                (since, last) = (Instant::now(), now);
            }
            let log = self.wire.log();
            assert!(started.elapsed() < PATIENCE, "the operator does not come to rest: {:#?}", &log[log.len().saturating_sub(20)..]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The result of an operator that ended by itself.
    pub(crate) async fn ended(self) -> Result<(), Ended> {
        self.task.await.expect("no panic")
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}
