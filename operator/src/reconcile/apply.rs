//! Applies the objects that differ, in order, and prunes those that are no longer wanted. Writes nothing else.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing::info;

use super::backend::database;
use super::build::{INSTANCE, MANAGED_BY, MANAGER, VERSION};
use super::children::{Asked, Children};
use super::differ;
use super::failure::Failure;
use super::keep::{keep_job, keep_size};
use super::kept::Secrets;
use super::kind::Kind;
use super::observe::{Observed, State, is_current, observe};
use super::ownership::is_applied;
use super::reason::NAME_CONFLICT;
use super::resource::Owner;
use super::step::Step;
use super::told::{APPLIED, Told};
use super::wanted::Wanted;
use crate::api::VolumeStatus;
use crate::metrics::Metrics;
use crate::timing::REQUEST;

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

/// The result of a creation.
pub(super) enum Created {
    /// The object, as it was made.
    New(Value),
    /// The name is taken by this object of the operator's own, which no watch reported: its labels were edited, or the watch is late.
    Exists(Value),
    /// The name is taken, and what was to be created depends on what the object has: the next reconcile knows that.
    Later(Observed),
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
                    applied.version = applied.version.or(observed.version.map(String::from));
                    applied.volume = applied.volume.or(observed.volume.map(|volume| *volume));
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
            Some(object) => self.get(step, Kind::Deployment, &object.name).await,
            None => Ok(None),
        }
    }

    /// Whether a watch has reported an object of the step of this kind.
    pub fn is_known(&self, objects: &[&Wanted], kind: Kind) -> bool {
        objects.iter().any(|object| object.kind == kind && self.children.version(self.owner, kind, &object.name).is_some())
    }

    /// The state of the Job of a step, if it exists.
    pub async fn job(&self, step: Step, objects: &[&Wanted]) -> Result<Option<Observed>, Failure> {
        let Some(job) = objects.iter().find(|object| object.kind == Kind::Job) else { return Ok(None) };
        if let Some(observed) = self.as_wanted(job, false, &job.hash) {
            return Ok(Some(observed));
        }
        let Wanted { kind, name, .. } = job;
        let live = self.get(step, *kind, name).await?;
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
        if let Some(observed) = self.as_wanted(object, held, &hash) {
            return Ok(observed);
        }
        let _turn = self.turns.acquire().await;
        let asked = self.children.ask(self.owner, kind, name, &self.again);
        let mut wanted = object.body();
        wanted["metadata"]["annotations"][APPLIED] = hash.clone().into();
        let live = if held || self.children.newest(self.owner, kind, name).is_some() {
            match self.get(step, kind, name).await? {
                Some(live) => live,
                // The Deployment was deleted after the check of the gate. It must not be created with the new template.
                None if held && kind == Kind::Deployment => {
                    return Ok(Observed::waiting(format!("Deployment {name} waits for earlier steps")));
                }
                None => Value::Null,
            }
        } else {
            Value::Null
        };
        let live = if live.is_null() {
            match self.create(step, kind, name, &wanted).await? {
                Created::New(made) => return Ok(self.settle(&asked, kind, &hash, &made, &wanted)),
                Created::Later(observed) => return Ok(observed),
                Created::Exists(live) => live,
            }
        } else {
            live
        };
        self.is_ours(step, kind, name, &live)?;
        if self.is_of_another(kind, &live) {
            return Ok(Observed::waiting(format!("{} {name} is of a deleted resource of the same name, and goes with it", kind.as_str())));
        }
        if live["metadata"]["deletionTimestamp"].is_string() {
            // A new object can be created only after the old one is gone. A watch reports that.
            return Ok(observe(kind, &live));
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
            keep_size(&live, &mut wanted);
        }
        if kind == Kind::Job {
            keep_job(&live, &mut wanted);
        }
        database::keep_running(kind, &live, &mut wanted);
        if differ::contains(kind, &live, &wanted) {
            // Another client's annotation makes a new generation without a rollout. The last state holds until the controller has
            // observed that generation.
            if kind == Kind::Deployment
                && !is_current(&live)
                && let Some(before) = self.children.last(self.owner, kind, name, &hash)
            {
                return Ok(before);
            }
            return Ok(self.settle(&asked, kind, &hash, &live, &wanted));
        }
        if kind == Kind::Deployment {
            self.leave_replicas(step, name, &live, &wanted).await?;
        }
        let result = self.change(step, kind, name, live, &wanted).await?;
        if kind == Kind::Secret {
            self.secrets.written(self.owner, name, &result);
        }
        Ok(self.settle(&asked, kind, &hash, &result, &wanted))
    }

    /// What was observed of an object when it was last as wanted, if it was.
    pub fn last_seen(&self, object: &Wanted) -> Option<Observed> {
        self.children.last(self.owner, object.kind, &object.name, &object.hash)
    }

    /// The newest observed state of an object that is known, whether the object is as wanted or not.
    pub fn newest_seen(&self, kind: Kind, name: &str) -> Option<Observed> {
        self.children.observed(self.owner, kind, name)
    }

    /// The state of an object that is as wanted, without a request: it has not changed since it was settled, or what a watch told of it is
    /// the proof.
    fn as_wanted(&self, object: &Wanted, held: bool, hash: &str) -> Option<Observed> {
        let Wanted { kind, name, .. } = object;
        let settled = |hash: &str| self.children.settled(self.owner, *kind, name, hash);
        // Who has the wanted template keeps it, too.
        if let Some(observed) = settled(hash).or_else(|| settled(&object.hash).filter(|_| held)) {
            return Some(observed);
        }
        let told = self.children.told(self.owner, *kind, name).filter(|told| told.proves(object))?;
        // Another client's annotation makes a new generation without a rollout. The last state holds until the controller has observed that
        // generation.
        if *kind == Kind::Deployment
            && !told.is_current
            && let Some(before) = self.children.last(self.owner, *kind, name, hash)
        {
            return Some(before);
        }
        let observed = told.observed();
        self.children.settle_told(self.owner, *kind, name, hash, told);
        Some(observed)
    }

    fn settle(&self, asked: &Asked<'_>, kind: Kind, hash: &str, live: &Value, wanted: &Value) -> Observed {
        let told = Told::of_answer(kind, live);
        let (observed, is_ours) = (told.observed(), told.covers(kind, wanted));
        asked.settle(hash, told, is_ours);
        observed
    }

    pub(super) async fn get(&self, step: Step, kind: Kind, name: &str) -> Result<Option<Value>, Failure> {
        let api = self.api(kind);
        match tokio::time::timeout(REQUEST, api.get_opt(name)).await {
            Err(_) => Err(Failure::timeout(step, "get", kind, name)),
            Ok(Err(error)) => Err(Failure::of_request(step, "get", kind, name, &error)),
            Ok(Ok(live)) => Ok(live.map(|live| serde_json::to_value(live).expect("an object is JSON"))),
        }
    }

    /// Applies a wanted object; the inner error is the API server's answer.
    pub(super) async fn apply(&self, step: Step, kind: Kind, name: &str, wanted: &Value) -> Result<kube::Result<Value>, Failure> {
        let applied = self.patch(step, kind, name, MANAGER, wanted).await?;
        if applied.is_ok() {
            info!(kind = kind.as_str(), name, namespace = self.owner.namespace, "changed");
        }
        Ok(applied)
    }

    pub(super) async fn patch(
        &self,
        step: Step,
        kind: Kind,
        name: &str,
        manager: &str,
        wanted: &Value,
    ) -> Result<kube::Result<Value>, Failure> {
        self.metrics.write(kind.plural(), "apply");
        let (api, params) = (self.api(kind), PatchParams::apply(manager).force());
        match tokio::time::timeout(REQUEST, api.patch(name, &params, &Patch::Apply(wanted))).await {
            Err(_) => Err(Failure::timeout(step, "apply", kind, name)),
            Ok(answer) => Ok(answer.map(|object| serde_json::to_value(object).expect("an object is JSON"))),
        }
    }

    /// The operator never adopts a foreign object that has the wanted name.
    pub(super) fn is_ours(&self, step: Step, kind: Kind, name: &str, live: &Value) -> Result<(), Failure> {
        let metadata = &live["metadata"];
        let labelled = metadata["labels"][MANAGED_BY] == MANAGER && metadata["labels"][INSTANCE] == self.owner.name.as_str();
        let owned = metadata["ownerReferences"].as_array().into_iter().flatten().any(|owner| owner["uid"] == self.uid);
        // Labels may have been edited, but the managed fields still show that the operator applied the object.
        if labelled || owned || is_applied(live) {
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

/// Whether one state is worse than another.
fn worse(state: &State, than: &State) -> bool {
    let rank = |state: &State| match state {
        State::Done => 0,
        State::Waiting(_) => 1,
        State::Failed { .. } => 2,
    };
    rank(state) > rank(than)
}
