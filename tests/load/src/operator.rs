//! The operator, on a real control plane with a simulated node: what it costs the API server, and itself.
//!
//! The API server, etcd and the controllers share the cores with it: what they do for the objects that are made is in every figure, of the
//! operator and of what it is held against alike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use control_plane::ControlPlane;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt as _};
use operator::api::RestaurantBooking;
use operator::plan::plan;
use operator::reconcile::build::Object;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;
use serde_json::json;

use crate::apache;
use crate::bare::Bare;
use crate::client::request;
use crate::indexed::{self, Sample};
use crate::report::{Goal, Report};
use crate::service::{Programs, Service};
use crate::{Result, proc};

/// How long everything may take to be Ready: a thousand resources are some 200,000 writes, those of the controllers included.
const PATIENCE: Duration = Duration::from_secs(3600);
/// For how long a settled operator is watched.
const SETTLED: Duration = Duration::from_secs(120);
/// Writes that the bare client has under way at once: as many as the operator, which works on 16 resources at once.
const AT_ONCE: usize = 16;
/// Resources of which the creation is compared.
const COMPARED: usize = 100;

/// The user that the operator is to the API server, by which its requests are told apart.
const USER: &str = "system:serviceaccount:operator:operator";

pub(crate) struct Plane {
    plane: ControlPlane,
    pub(crate) client: Client,
    pub(crate) operator: Service,
    kubeconfig: PathBuf,
}

/// Measures with `count` resources at most.
pub(crate) async fn measure(count: usize) -> Result<()> {
    let programs = Programs::build(&["-p", "operator"])?;
    let started = Instant::now();
    let mut report = Report::default();
    eprintln!("A broker ...");
    let node = apache::Node::start(&apache::jars()?);
    let mut plane = Plane::start(&programs, Some(node.address())).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (idle, _) = proc::memory(plane.operator.pid()).unwrap_or((f64::NAN, f64::NAN));
    report.goal("operator: resident memory, no resource", Goal::AtMost(20.0), " MiB", idle, format!("{idle:.1} MiB"));
    plane.one(&mut report).await?;
    indexed::measure(&plane.samples("one").await?, &mut report)?;
    plane.compare(node.address(), &mut report).await?;
    plane.many(count, &mut report).await?;
    plane.restart(&programs, Some(node.address()), count, &mut report).await?;
    report.note(proc::machine());
    report.note(format!("measured in {:.0} s on {}", started.elapsed().as_secs_f64(), jiff::Zoned::now().date()));
    println!("{report}");
    node.down();
    Ok(())
}

impl Plane {
    /// A control plane with an operator, which reaches every broker at `kafka_address`; `None`: where the resource says.
    pub(crate) async fn start(programs: &Programs, kafka_address: Option<String>) -> Result<Self> {
        eprintln!("A control plane ...");
        let plane = ControlPlane::start().await?;
        let client = Client::try_from(plane.client_config())?;
        let crd = operator::api::crd();
        let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
        crds.patch(&crd.name_any(), &PatchParams::apply("load"), &Patch::Apply(&crd)).await?;
        let token = account(&client, "operator").await?;
        let kubeconfig = plane.kubeconfig_as(&token)?;
        let operator = launch(programs, "operator-0", &kubeconfig, kafka_address)?;
        operator.ready("/readyz").await?;
        Ok(Self { plane, client, operator, kubeconfig })
    }

    /// One resource, from nothing to Ready.
    async fn one(&self, report: &mut Report) -> Result<()> {
        eprintln!("One resource ...");
        self.namespace("one").await?;
        let mark = self.plane.audit().mark();
        let started = Instant::now();
        self.apply("one", "restaurant").await?;
        let deployments = self.api(Kind::Deployment, "one");
        while deployments.list_metadata(&ListParams::default()).await?.items.len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let created = started.elapsed();
        self.all_ready(1).await?;
        let ready = started.elapsed();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let requests = self.plane.audit().since(&mark);
        let own: Vec<_> = requests.iter().filter(|request| request.user == USER && request.resource != "leases").collect();
        let writes = own.iter().filter(|request| request.is_write()).count();
        let status = own.iter().filter(|request| request.is_write() && request.subresource == "status").count();
        let events = own.iter().filter(|request| request.is_write() && request.resource == "events").count();
        let objects = writes - status - events;
        let each = own.len() as f64 / objects as f64;
        report.goal("One resource, from nothing to Ready: requests an object", Goal::AtMost(1.2), "", each, format!("{each:.2}"));
        report.told("— apply to the last of its objects", format!("{:.2} s", created.as_secs_f64()));
        report.told("— apply to Ready", format!("{:.2} s", ready.as_secs_f64()));
        report.told(
            "— requests of the operator",
            format!("{}: {objects} writes of objects, {status} of status, {events} of events, {} reads", own.len(), own.len() - writes),
        );
        let mut read: BTreeMap<String, usize> = BTreeMap::new();
        for request in own.iter().filter(|request| !request.is_write()) {
            *read.entry(format!("{} {}", request.verb, request.resource)).or_default() += 1;
        }
        let read: Vec<_> = read.iter().map(|(what, times)| format!("{times} × {what}")).collect();
        report.told("— the reads", read.join(", "));
        Ok(())
    }

    /// The objects of many resources at once, against a bare client that waits for the same things in the same order. It goes first and once more
    /// afterwards: the controllers have more to look after each time.
    async fn compare(&self, broker: String, report: &mut Report) -> Result<()> {
        eprintln!("{COMPARED} resources, and their objects by a bare client ...");
        // The bare client's objects are in other namespaces and carry no label of ours, so that the operator does not look at them.
        let mut objects = plan(&resource("restaurant"), &Defaults::default()).map_err(|invalid| format!("{invalid:?}"))?;
        objects.retain(|object| !object.kind.is_optional());
        let bare = Client::try_from(self.plane.client_config_as(&account(&self.client, "bare").await?))?;
        for number in 0..COMPARED {
            self.namespace(&format!("made-{number}")).await?;
        }
        let before = self.bare(&bare, &broker, "before", &objects).await?;
        let mut mark = self.plane.audit().mark();
        let started = Instant::now();
        stream::iter(0..COMPARED)
            .map(|number| async move { self.apply(&format!("made-{number}"), "restaurant").await })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        let (wanted, mut made) = (objects.len() * COMPARED, 0);
        let created = loop {
            let own = |request: &&control_plane::Request| request.user == USER && request.is_write() && request.code < 300;
            let of_objects = |request: &&control_plane::Request| request.resource != "events" && request.subresource.is_empty();
            // What was counted is not read again: that would take the cores from the operator.
            let requests = self.plane.audit().next(&mut mark);
            made += requests.iter().filter(own).filter(of_objects).filter(|request| request.resource != "leases").count();
            if made >= wanted {
                break started.elapsed().as_secs_f64();
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("of {wanted} objects {made} were made").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        self.all_ready(1 + COMPARED).await?;
        let after = self.bare(&bare, &broker, "after", &objects).await?;
        let (speed, bare) = (|seconds: f64| wanted as f64 / seconds, f64::midpoint(before, after));
        report.goal(
            format!("{COMPARED} resources, {} objects each: operator / bare client, objects a second", objects.len()),
            Goal::AtLeast(0.9),
            "",
            bare / created,
            format!("{:.2} ({:.0}/s, bare {:.0}/s before and {:.0}/s after)", bare / created, speed(created), speed(before), speed(after)),
        );
        Ok(())
    }

    /// The seconds that a bare client takes for the objects of as many resources, on a machine that has nothing else to do.
    async fn bare(&self, client: &Client, broker: &str, prefix: &str, objects: &[Object]) -> Result<f64> {
        let namespaces: Vec<String> = (0..COMPARED).map(|number| format!("{prefix}-{number}")).collect();
        for namespace in &namespaces {
            self.namespace(namespace).await?;
        }
        self.quiet().await;
        let took = Bare::start(client.clone(), AT_ONCE * 8, broker).make(&namespaces, objects).await?;
        // What the controllers still do for them must not be in the time of what comes next.
        self.quiet().await;
        Ok(took.as_secs_f64())
    }

    /// Many resources, and what they cost when all are settled.
    async fn many(&self, count: usize, report: &mut Report) -> Result<()> {
        eprintln!("{count} resources ...");
        let started = Instant::now();
        for number in 0..count - (1 + COMPARED) {
            let namespace = format!("many-{}", number / 10);
            if number % 10 == 0 {
                self.namespace(&namespace).await?;
            }
            self.apply(&namespace, &format!("restaurant-{}", number % 10)).await?;
        }
        self.all_ready(count).await?;
        report.told(format!("{count} resources: all Ready"), format!("after {:.0} s", started.elapsed().as_secs_f64()));
        self.quiet().await;
        let (before, mark) = (proc::time(self.operator.pid()), self.plane.audit().mark());
        tokio::time::sleep(SETTLED).await;
        let requests = self.plane.audit().since(&mark);
        let own: Vec<_> = requests.iter().filter(|request| request.user == USER).collect();
        let lease = own.iter().filter(|request| request.resource == "leases").count();
        let writes = own.iter().filter(|request| request.is_write() && request.resource != "leases").count();
        let hourly = |count: usize| count as f64 * 3600.0 / SETTLED.as_secs_f64();
        let minutely = |count: usize| count as f64 * 60.0 / SETTLED.as_secs_f64();
        report.goal(
            format!("{count} settled resources: writes an hour"),
            Goal::Exactly(0.0),
            "",
            hourly(writes),
            format!("{:.0} (seen: {writes} in {} s)", hourly(writes), SETTLED.as_secs()),
        );
        report.told("— requests a minute", format!("{:.1}, and {:.0} for the lease", minutely(own.len() - lease), minutely(lease)));
        let busy = (proc::time(self.operator.pid()) - before) / SETTLED.as_secs_f64();
        report.told("— time on the cores", format!("{:.2} % of a core", busy * 100.0));
        let (now, most) = proc::memory(self.operator.pid()).unwrap_or((f64::NAN, f64::NAN));
        report.goal(
            format!("operator: resident memory, {count} resources"),
            Goal::AtMost(48.0),
            " MiB",
            now,
            format!("{now:.1} MiB (at most {most:.1})"),
        );
        Ok(())
    }

    /// A new process, with all resources as they are.
    async fn restart(&mut self, programs: &Programs, kafka_address: Option<String>, count: usize, report: &mut Report) -> Result<()> {
        eprintln!("A restart ...");
        let operator = std::mem::replace(&mut self.operator, launch(programs, "operator-1", &self.kubeconfig, kafka_address)?);
        // The second waits for the lease of the first.
        operator.stop().await?;
        let (mark, started) = (self.plane.audit().mark(), Instant::now());
        self.operator.ready("/readyz").await?;
        self.all_ready(count).await?;
        let took = started.elapsed();
        self.quiet().await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let requests = self.plane.audit().since(&mark);
        let own: Vec<_> = requests.iter().filter(|request| request.user == USER && request.resource != "leases").collect();
        // Discovery is a request for no resource.
        let single = own.iter().filter(|request| request.verb == "get" && !request.resource.is_empty()).count();
        let written = own.iter().filter(|request| request.is_write()).count();
        report.goal(
            format!("A new process with {count} settled resources: GETs of single objects"),
            Goal::Exactly(0.0),
            "",
            single as f64,
            format!("{single}"),
        );
        report.told("— requests, and of them writes", format!("{}, {written}", own.len()));
        report.told("— until all are known to be Ready", format!("{:.1} s", took.as_secs_f64()));
        let (now, most) = proc::memory(self.operator.pid()).unwrap_or((f64::NAN, f64::NAN));
        report.told("— resident memory, and at most", format!("{now:.1} and {most:.1} MiB"));
        Ok(())
    }

    /// The objects of the one resource in a namespace.
    async fn samples(&self, namespace: &str) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let own = ListParams::default().labels("app.kubernetes.io/managed-by=restaurant-booking-operator");
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_optional()) {
            let objects = self.api(kind, namespace).list(&own).await?.items;
            samples.extend(objects.into_iter().map(|object| Sample { kind, object }));
        }
        Ok(samples)
    }

    fn api(&self, kind: Kind, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &kind.resource())
    }

    pub(crate) async fn namespace(&self, name: &str) -> Result<()> {
        let namespace = Namespace { metadata: ObjectMeta { name: Some(name.to_owned()), ..Default::default() }, ..Default::default() };
        Api::<Namespace>::all(self.client.clone()).create(&PostParams::default(), &namespace).await?;
        Ok(())
    }

    async fn apply(&self, namespace: &str, name: &str) -> Result<()> {
        let api: Api<RestaurantBooking> = Api::namespaced(self.client.clone(), namespace);
        api.patch(name, &PatchParams::apply("load"), &Patch::Apply(&resource(name))).await?;
        Ok(())
    }

    /// Waits until so many resources are Ready, by the operator's own count.
    async fn all_ready(&self, count: usize) -> Result<()> {
        let started = Instant::now();
        loop {
            let metrics = self.operator.client().await?.expect(&request("GET", "/metrics", None, None)).await?;
            let metrics = String::from_utf8_lossy(&metrics).into_owned();
            let line = metrics.lines().find_map(|line| line.strip_prefix("operator_resources{ready=\"true\"} "));
            let ready = line.and_then(|ready| ready.parse::<f64>().ok()).unwrap_or(0.0);
            if ready >= count as f64 {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("of {count} resources {ready} are Ready").into());
            }
            tokio::time::sleep(Duration::from_millis(if count == 1 { 5 } else { 500 })).await;
        }
    }

    /// Waits until the machine has little left to do.
    async fn quiet(&self) {
        for _ in 0..12 {
            if proc::busy(Duration::from_secs(5)).await.is_none_or(|busy| busy < 0.3) {
                return;
            }
        }
    }
}

/// Starts an operator, which reaches every broker at `kafka_address`; `None`: where the resource says.
fn launch(programs: &Programs, identity: &str, kubeconfig: &Path, kafka_address: Option<String>) -> Result<Service> {
    let mut command = Command::new(programs.path("operator"));
    command.arg("run").env("KUBECONFIG", kubeconfig).env("OPERATOR_NAMESPACE", "operator").env("POD_NAME", identity);
    command.env("KAFKA_ADDRESS", kafka_address.unwrap_or_default()).env("LOG_LEVEL", "warn");
    let log = std::env::temp_dir().join(format!("restaurant-booking-operator-{}.log", std::process::id()));
    Service::launch(command, &log, |command, address| {
        command.env("LISTEN_ADDRESS", address.to_string());
    })
}

/// A ServiceAccount with all rights in a namespace of the same name; returns its token. What it asks for is told apart by it, and waits for its
/// turn at the API server as the requests of any other account do: those of administrators do not.
async fn account(client: &Client, name: &str) -> Result<String> {
    let metadata = || ObjectMeta { name: Some(name.to_owned()), ..Default::default() };
    let namespace = Namespace { metadata: metadata(), ..Default::default() };
    Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), name);
    accounts.create(&PostParams::default(), &ServiceAccount { metadata: metadata(), ..Default::default() }).await?;
    let binding: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": name}],
    }))?;
    Api::<ClusterRoleBinding>::all(client.clone()).create(&PostParams::default(), &binding).await?;
    let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": [], "expirationSeconds": 36000}}))?;
    let token = accounts.create_token_request(name, &PostParams::default(), &request).await?;
    Ok(token.status.ok_or("there is no token")?.token)
}

/// The smallest resource, with a Pod for each service.
fn resource(name: &str) -> RestaurantBooking {
    let spec = json!({
        "restaurant": {"name": "Restaurant", "timeZone": "Europe/Rome"},
        "auth": {"replicas": 1}, "menu": {"replicas": 1}, "reservation": {"replicas": 1},
    });
    RestaurantBooking::new(name, serde_json::from_value(spec).expect("a spec"))
}
