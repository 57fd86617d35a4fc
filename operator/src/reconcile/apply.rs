//! Applies the objects that differ, in order, and prunes those that are no longer wanted. Writes nothing else.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tracing::info;

use super::build::{INSTANCE, MANAGED_BY, MANAGER, VERSION};
use super::children::{Asked, Children};
use super::dereference::Secrets;
use super::differ;
use super::failure::Failure;
use super::kind::Kind;
use super::observe::{Observed, State, is_current, observe};
use super::reason::{NAME_CONFLICT, OBJECT_REJECTED};
use super::resource::Owner;
use super::step::Step;
use super::version::Version;
use super::wanted::Wanted;
use crate::api::{Quantity, VolumeStatus};
use crate::metrics::Metrics;
use crate::timing::REQUEST;

/// An annotation on every applied object: the hash of the object as it was applied. A different hash means that the apply may have to
/// remove fields, which a comparison of values cannot show.
const APPLIED: &str = "restaurantbooking.dev/applied";
/// The number of objects of a resource that are applied at once.
pub const AT_ONCE: usize = 8;

/// Applies the objects of one resource.
pub struct Applier<'a> {
    /// The cluster.
    pub client: &'a Client,
    /// The objects that the watches have reported, and their state.
    pub children: &'a Children,
    /// The Secrets, as last read or written.
    pub secrets: &'a Secrets,
    /// The Secrets that this reconcile has asked for and that do not exist: they are made without being asked for again.
    pub absent: &'a BTreeSet<String>,
    /// The metrics.
    pub metrics: &'a Metrics,
    /// The resource.
    pub owner: &'a Owner,
    /// Its uid.
    pub uid: &'a str,
    /// The turns of objects: at most [`AT_ONCE`] are applied at once.
    pub turns: Semaphore,
    /// Whether the resource is to be reconciled once more: an answer was overtaken by what a watch reported.
    pub again: AtomicBool,
}

/// The result of applying the objects of a step.
#[derive(Debug)]
pub struct Applied {
    /// The state of the step: that of the first object that failed, else that of the first object that is not ready yet.
    pub state: State,
    /// The ready and the desired Pods of the Deployment.
    pub replicas: Option<(i32, i32)>,
    /// The observed version of a database or broker.
    pub version: Option<String>,
    /// Whether as many Pods are available as are needed: of a Deployment.
    pub is_available: bool,
    /// What was observed of a claim.
    pub volume: Option<VolumeStatus>,
    /// The failures.
    pub failures: Vec<Failure>,
}

impl Default for Applied {
    fn default() -> Self {
        Self { state: State::Done, replicas: None, version: None, is_available: false, volume: None, failures: Vec::new() }
    }
}

impl Applier<'_> {
    pub(super) fn api(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.owner.namespace, &kind.resource())
    }

    /// Applies the objects of a step. If the step is `held`, the Deployment keeps its present Pod template,
    /// and everything else is applied.
    pub async fn step(&self, step: Step, objects: &[&Wanted], held: bool) -> Applied {
        let started = Instant::now();
        let (claims, mut others): (Vec<_>, Vec<_>) = objects.iter().partition(|object| object.kind == Kind::PersistentVolumeClaim);
        let mut outcomes = self.all(&claims, held).await;
        // The StatefulSet would mount a claim that does not belong to the resource.
        if outcomes.iter().any(|outcome| outcome.as_ref().is_err_and(|failure| failure.reason == NAME_CONFLICT)) {
            others.retain(|object| object.kind != Kind::StatefulSet);
        }
        outcomes.extend(self.all(&others, held).await);
        let mut applied = Applied::default();
        for outcome in outcomes {
            match outcome {
                Ok(observed) => {
                    applied.replicas = applied.replicas.or(observed.replicas);
                    applied.version = applied.version.or(observed.version);
                    applied.volume = applied.volume.or(observed.volume);
                    applied.is_available |= observed.is_available;
                    if worse(&observed.state, &applied.state) {
                        applied.state = observed.state;
                    }
                }
                Err(failure) => {
                    let failed = State::Failed { reason: failure.reason, message: failure.message.clone() };
                    if !matches!(applied.state, State::Failed { .. }) {
                        applied.state = failed;
                    }
                    applied.failures.push(failure);
                }
            }
        }
        self.metrics.step(step.as_str(), started.elapsed());
        applied
    }

    async fn all(&self, objects: &[&&Wanted], held: bool) -> Vec<Result<Observed, Failure>> {
        // The futures are boxed: the controller runs them on several threads, and the compiler does not accept a closure over references
        // there.
        join_all(objects.iter().map(|object| self.object(object, held).boxed()).collect::<Vec<_>>()).await
    }

    /// The Deployment of a step, if it exists.
    pub async fn deployment(&self, step: Step, objects: &[&Wanted]) -> Result<Option<Value>, Failure> {
        match objects.iter().find(|object| object.kind == Kind::Deployment) {
            Some(object) => self.live(step, Kind::Deployment, &object.name).await,
            None => Ok(None),
        }
    }

    /// Whether a watch has reported an object of the step of this kind.
    pub fn is_known(&self, objects: &[&Wanted], kind: Kind) -> bool {
        objects.iter().any(|object| object.kind == kind && self.children.version(self.owner, kind, &object.name).is_some())
    }

    /// The state of the Job of a step, if it exists.
    pub async fn job(&self, step: Step, objects: &[&Wanted]) -> Result<Option<Observed>, Failure> {
        let Some(Wanted { kind, name, hash, .. }) = objects.iter().find(|object| object.kind == Kind::Job) else { return Ok(None) };
        if let Some(observed) = self.children.settled(self.owner, *kind, name, hash) {
            return Ok(Some(observed));
        }
        let live = self.live(step, *kind, name).await?;
        let ours = live.filter(|live| self.is_ours(step, *kind, name, live).is_ok() && !self.is_of_another(*kind, live));
        Ok(ours.map(|live| observe(*kind, &live)))
    }

    /// Whether an object with Pods has an owner of the same name that is gone. The garbage collector removes the object. Until then its Pods
    /// may keep a volume that is being deleted, and its migration was one of another database.
    fn is_of_another(&self, kind: Kind, live: &Value) -> bool {
        let mut owners = live["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::Job)
            && owners.any(|owner| owner["name"] == self.owner.name.as_str() && owner["controller"] == true && owner["uid"] != self.uid)
    }

    /// Applies one object, if it differs.
    async fn object(&self, object: &Wanted, held: bool) -> Result<Observed, Failure> {
        let Wanted { kind, name, step, hash, .. } = object;
        let (kind, step) = (*kind, *step);
        let held = held && matches!(kind, Kind::Deployment | Kind::StatefulSet);
        let hash = if held { format!("held-{hash}") } else { hash.clone() };
        if let Some(observed) = self.children.settled(self.owner, kind, name, &hash) {
            return Ok(observed);
        }
        let _turn = self.turns.acquire().await;
        let asked = self.children.ask(self.owner, kind, name);
        let live = if self.is_absent(kind, name) { None } else { self.live(step, kind, name).await? };
        let mut wanted = object.body();
        wanted["metadata"]["annotations"][APPLIED] = hash.clone().into();
        if held && kind == Kind::Deployment && live.is_none() {
            // The Deployment was deleted after the check of the gate. It must not be created with the new template.
            return Ok(Observed::waiting(format!("Deployment {name} waits for earlier steps")));
        }
        if let Some(live) = &live {
            self.is_ours(step, kind, name, live)?;
            if self.is_of_another(kind, live) {
                return Ok(Observed::waiting(format!(
                    "{} {name} is of a deleted resource of the same name, and goes with it",
                    kind.as_str()
                )));
            }
            if live["metadata"]["deletionTimestamp"].is_string() {
                // A new object can be created only after the old one is gone. A watch reports that.
                return Ok(observe(kind, live));
            }
            if held {
                // The annotation and the label that describe the template are kept too: another annotation would make another generation.
                wanted["spec"]["template"] = live["spec"]["template"].clone();
                wanted["metadata"]["annotations"][APPLIED] = live["metadata"]["annotations"][APPLIED].clone();
                if live["metadata"]["labels"][VERSION].is_string() {
                    wanted["metadata"]["labels"][VERSION] = live["metadata"]["labels"][VERSION].clone();
                }
            }
            if kind == Kind::PersistentVolumeClaim {
                keep_size(live, &mut wanted);
            }
            keep_connections(kind, live, &mut wanted);
            if differ::contains(kind, live, &wanted) {
                // Another client's annotation makes a new generation without a rollout. The last state holds until the controller has
                // observed that generation.
                if kind == Kind::Deployment
                    && !is_current(live)
                    && let Some(before) = self.children.last(self.owner, kind, name, &hash)
                {
                    return Ok(before);
                }
                return Ok(self.settle(&asked, kind, &hash, live));
            }
            if kind == Kind::Deployment {
                self.leave_replicas(step, name, live, &wanted).await?;
            }
        }
        let applied = self.apply(step, kind, name, &wanted, live.is_none()).await;
        if applied.is_err() {
            self.children.doubt(self.owner, kind, name);
        }
        let result = match (applied, &live) {
            // Controllers also write to objects of the other kinds, such as the volume of a claim. Those fields must stay.
            (Err(refused), Some(live)) if refused.reason == OBJECT_REJECTED && !kind.holds_data() && !kind.is_optional() => {
                if !self.take_over(step, kind, name, live).await? {
                    return Err(refused);
                }
                self.apply(step, kind, name, &wanted, false).await?
            }
            (result, _) => result?,
        };
        if kind == Kind::Secret {
            self.secrets.written(self.owner, name, &result);
        }
        Ok(self.settle(&asked, kind, &hash, &result))
    }

    fn is_absent(&self, kind: Kind, name: &str) -> bool {
        kind == Kind::Secret && self.absent.contains(name) && self.children.version(self.owner, kind, name).is_none()
    }

    fn settle(&self, asked: &Asked<'_>, kind: Kind, hash: &str, live: &Value) -> Observed {
        let observed = observe(kind, live);
        let version = Version::of(live["metadata"]["resourceVersion"].as_str().unwrap_or_default());
        if !asked.settle(hash, version, observed.clone()) {
            self.again.store(true, Ordering::Relaxed);
        }
        observed
    }

    /// The object, as a watch reported it since it was settled, or else as the API server has it.
    async fn live(&self, step: Step, kind: Kind, name: &str) -> Result<Option<Value>, Failure> {
        match self.children.live(self.owner, kind, name) {
            Some(live) => Ok(Some(live)),
            None => self.get(step, kind, name).await,
        }
    }

    pub(super) async fn get(&self, step: Step, kind: Kind, name: &str) -> Result<Option<Value>, Failure> {
        let api = self.api(kind);
        match tokio::time::timeout(REQUEST, api.get_opt(name)).await {
            Err(_) => Err(Failure::timeout(step, "get", kind, name)),
            Ok(Err(error)) => Err(Failure::of_request(step, "get", kind, name, &error)),
            Ok(Ok(live)) => Ok(live.map(|live| serde_json::to_value(live).expect("an object is JSON"))),
        }
    }

    async fn apply(&self, step: Step, kind: Kind, name: &str, wanted: &Value, is_new: bool) -> Result<Value, Failure> {
        self.patch(step, kind, name, MANAGER, wanted).await.inspect(|_| {
            if is_new {
                info!(kind = kind.as_str(), name, namespace = self.owner.namespace, "created");
            } else {
                info!(kind = kind.as_str(), name, namespace = self.owner.namespace, "changed");
            }
        })
    }

    pub(super) async fn patch(&self, step: Step, kind: Kind, name: &str, manager: &str, wanted: &Value) -> Result<Value, Failure> {
        self.metrics.write(kind.plural(), "apply");
        let (api, params) = (self.api(kind), PatchParams::apply(manager).force());
        match tokio::time::timeout(REQUEST, api.patch(name, &params, &Patch::Apply(wanted))).await {
            Err(_) => Err(Failure::timeout(step, "apply", kind, name)),
            Ok(Err(error)) => Err(Failure::of_request(step, "apply", kind, name, &error)),
            Ok(Ok(result)) => Ok(serde_json::to_value(result).expect("an object is JSON")),
        }
    }

    /// The operator never adopts a foreign object that has the wanted name.
    pub(super) fn is_ours(&self, step: Step, kind: Kind, name: &str, live: &Value) -> Result<(), Failure> {
        let metadata = &live["metadata"];
        let items = |field: &str| metadata[field].as_array().into_iter().flatten();
        let labelled = metadata["labels"][MANAGED_BY] == MANAGER && metadata["labels"][INSTANCE] == self.owner.name.as_str();
        let owned = items("ownerReferences").any(|owner| owner["uid"] == self.uid);
        // Labels may have been edited, but the managed fields still show that the operator applied the object.
        let applied = items("managedFields").any(|entry| entry["manager"] == MANAGER && entry["operation"] == "Apply");
        if labelled || owned || applied {
            return Ok(());
        }
        let message = format!(
            "{}: there is a {} {name} that is not this resource's (it lacks the label {INSTANCE}: {}); delete it, or give the resource another name",
            step.as_str(),
            kind.as_str(),
            self.owner.name
        );
        Err(Failure { step, reason: NAME_CONFLICT, message })
    }
}

/// Keeps the size of a volume that is larger than wanted, since it cannot shrink. It was expanded by hand, or kept from a resource that
/// asked for more.
fn keep_size(live: &Value, wanted: &mut Value) {
    const SIZE: &str = "/spec/resources/requests/storage";
    let amount = |object: &Value| object.pointer(SIZE).and_then(Value::as_str).map(Quantity::from);
    if let (Some(live), Some(size)) = (amount(live), wanted.pointer_mut(SIZE))
        && size.as_str().is_some_and(|size| live > Quantity::from(size))
    {
        *size = live.to_string().into();
    }
}

/// Keeps the connections that a database allows if they are more than wanted: a lower number would restart the database to no purpose.
fn keep_connections(kind: Kind, live: &Value, wanted: &mut Value) {
    const ARGS: &str = "/spec/template/spec/containers/0/args";
    const PARAMETERS: &str = "/spec/postgresql/parameters";
    let number = |text: &Value| text.as_str().and_then(|text| text.trim_start_matches("max_connections=").parse::<i32>().ok());
    match kind {
        Kind::StatefulSet => {
            let of = |object: &Value| object.pointer(ARGS).and_then(|args| number(&args[1])).unwrap_or(0);
            // Only the number is kept. Other arguments were edited by hand.
            if of(live) > of(wanted) {
                wanted["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["-c", format!("max_connections={}", of(live))]);
            }
        }
        Kind::Cluster => {
            let of = |object: &Value| object.pointer(PARAMETERS).and_then(|all| number(&all["max_connections"])).unwrap_or(0);
            if of(live) > of(wanted) {
                wanted["spec"]["postgresql"]["parameters"]["max_connections"] =
                    live["spec"]["postgresql"]["parameters"]["max_connections"].clone();
            }
        }
        _ => {}
    }
}

/// Whether one state is worse than another.
fn worse(state: &State, than: &State) -> bool {
    let rank = |state: &State| match state {
        State::Done => 0,
        State::Waiting(_) => 1,
        State::Failed { .. } => 2,
    };
    rank(state) > rank(than)
}
