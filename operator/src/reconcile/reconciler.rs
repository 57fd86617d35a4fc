//! One reconcile of one resource: dereference, validate, build, apply, status.

mod backup;
mod keys;
mod restore;
mod turn;
mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_controller::events::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tracing::{error, info, warn};

use super::apply::{AT_ONCE, Applier};
use super::build::build;
use super::context::{Context, backoff, jittered};
use super::deletion::{Finalizer, has_finalizer, unread};
use super::dereference::{claims_of, dereference};
use super::failure::{Failure, chain};
use super::observe::State;
use super::platform::Platform;
use super::reason::{API_UNAVAILABLE, AVAILABLE, CLAIM_NOT_FOUND, CLAIM_NOT_USABLE, MALFORMED_RESOURCE as MALFORMED, NO_RANDOMNESS};
use super::references::References;
use super::resource::{Guarded, Owner, owner_of};
use super::status::{self, Steps};
use super::step::Step;
use super::validate::validate;
use super::wanted::Wanted;
use crate::api::{ConditionType, DeletionPolicy, RestaurantBooking, RestaurantBookingStatus};
use crate::timing::{CLAIMS_AGAIN, LAST_PROGRESS, PROGRESS, RESYNC, ROUND};

/// The field manager of the status.
const STATUS_MANAGER: &str = "restaurant-booking-operator-status";

/// The error of a reconcile that did not finish its work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfinished(String);

/// Reconciles one resource.
///
/// # Errors
/// A step failed. The failure has been reported already, and [`retry`] says when the next reconcile comes.
pub async fn reconcile(resource: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Unfinished> {
    let owner = owner_of(&resource);
    context.begun(&owner);
    let started = Instant::now();
    let round = tokio::time::timeout(ROUND, round(&resource, &context, &owner)).await;
    // The count of failures stays until the broker answers.
    let is_asking = matches!(round, Ok(Ok(Ended::Asking)));
    let (outcome, result) = match round {
        Ok(Ok(Ended::Done)) => ("done", Ok(Action::requeue(jittered(RESYNC)))),
        // Sooner, since what takes too long is told of.
        Ok(Ok(Ended::Waiting | Ended::Asking)) => ("waiting", Ok(Action::requeue(jittered(RESYNC / 2)))),
        Ok(Ok(Ended::Postponed(wait))) => ("waiting", Ok(Action::requeue(wait))),
        Ok(Ok(Ended::Refused)) => ("refused", Ok(Action::requeue(jittered(RESYNC)))),
        Ok(Err(unfinished)) => ("failed", Err(unfinished)),
        Err(_) => {
            error!(resource = owner.name, namespace = owner.namespace, "the round took too long and was given up");
            ("timeout", Err(Unfinished(format!("the round took longer than {} s", ROUND.as_secs()))))
        }
    };
    context.remember(&owner, |remembered| match &result {
        Ok(_) if is_asking => {}
        Ok(_) => remembered.failures = 0,
        Err(_) => remembered.failures = remembered.failures.saturating_add(1),
    });
    context.metrics.reconciled(outcome, started.elapsed());
    result
}

/// The delay before a resource that failed is reconciled again.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller's")]
pub fn retry(resource: Arc<Guarded>, _: &Unfinished, context: Arc<Context>) -> Action {
    let failures = context.remember(&owner_of(&resource), |remembered| remembered.failures);
    Action::requeue(backoff(failures))
}

/// The result of a reconcile.
enum Ended {
    /// Everything runs.
    Done,
    /// The resource waits for something that a watch will report.
    Waiting,
    /// A broker has not answered yet. Its answer enqueues the resource.
    Asking,
    /// The resource waits, and its status is written after this time.
    Postponed(Duration),
    /// The resource, or one of its references, is invalid, and nothing was changed.
    Refused,
}

async fn round(resource: &Guarded, context: &Context, owner: &Owner) -> Result<Ended, Unfinished> {
    let resource = match &resource.0 {
        Ok(resource) => resource,
        Err(invalid) if invalid.metadata.deletion_timestamp.is_some() => return deleted(context, owner, &invalid.metadata).await,
        Err(invalid) => return malformed(context, owner, &invalid.metadata, &invalid.error).await,
    };
    if resource.metadata.deletion_timestamp.is_some() {
        return deleted(context, owner, &resource.metadata).await;
    }
    // The watch has told of its deletion meanwhile.
    let Some((version, status)) = context.last_status(owner) else { return Ok(Ended::Waiting) };
    context.measure(owner, &resource.spec, &status);
    let mut round = Round { context, owner, resource, status, version, is_asking: AtomicBool::new(false), waits_for_rollout: false };
    let generation = resource.metadata.generation;
    let mut unfinished = None;
    // The finalizer comes first, even if the resource is paused or invalid: its policy decides what a deletion does.
    if has_finalizer(&resource.metadata) != (resource.spec.deletion_policy == Some(DeletionPolicy::Delete)) {
        let uid = resource.uid().unwrap_or_default();
        if let Err(failure) = (Finalizer { client: &context.client, metrics: &context.metrics, owner }).follow_policy(&uid).await {
            // Without its finalizer the data is kept: the rest goes on, and the next attempt comes soon.
            unfinished = Some(round.failed("FollowDeletionPolicy", &[failure]).await);
        }
    }
    if resource.spec.paused == Some(true) {
        context.end_rollout(owner);
        let paused = status::paused(&round.status, generation);
        round.write(paused).await?;
        return unfinished.map_or(Ok(Ended::Refused), Err);
    }
    if round.status.observed_generation != generation {
        let begun = status::begun(&round.status, generation);
        round.write(begun).await?;
    }
    let require_label = context.defaults.secrets_require_label;
    let references = {
        let Context { client, children, mentions, secrets, .. } = context;
        dereference(client, children, mentions, secrets, owner, &resource.spec, require_label).await
    };
    let mut references = match references {
        Ok(references) => references,
        Err(failure) => return Err(round.failed("Dereference", &[failure]).await),
    };
    references.opened = round.opened_keys();
    if let Err(error) = references.complete(&owner.name) {
        let failure = Failure { step: Step::Foundation, reason: NO_RANDOMNESS, message: error.to_string() };
        return Err(round.failed("Dereference", &[failure]).await);
    }
    references.restore.clone_from(&round.status.restore);
    if let Some(claims) = resource.spec.restore.as_ref().and_then(|restore| restore.claims.as_ref())
        && round.status.restore.as_ref().is_none_or(|restore| restore.completed.is_none())
    {
        match claims_of(&context.client, owner, claims).await {
            Ok(claims) => references.claims = claims,
            Err(failure) => return Err(round.failed("Dereference", &[failure]).await),
        }
    }
    references.kinds.clone_from(&context.kinds.read().unwrap_or_else(std::sync::PoisonError::into_inner));
    let platform = match validate(resource, &references, &context.defaults) {
        Ok(platform) => platform,
        Err(invalid) => {
            context.end_rollout(owner);
            for one in &invalid {
                context.metrics.failed("validate", one.reason);
                warn!(resource = owner.name, namespace = owner.namespace, generation, reason = one.reason, "{}", one.message);
            }
            let refused = status::refused(&round.status, generation, &invalid);
            let is_news = round.write(refused).await?;
            if let Some(first) = invalid.first().filter(|_| is_news) {
                round.publish(EventType::Warning, first.reason, "Validate", &first.message).await;
            }
            context.ready(owner, Some(false));
            let waits = invalid.iter().any(|one| [CLAIM_NOT_FOUND, CLAIM_NOT_USABLE].contains(&one.reason));
            return unfinished.map_or(Ok(if waits { Ended::Postponed(jittered(CLAIMS_AGAIN)) } else { Ended::Refused }), Err);
        }
    };
    let ended = round.platform(&platform, &references).await?;
    unfinished.map_or(Ok(ended), Err)
}

/// Handles a resource that is being deleted. The garbage collector removes its objects by their owner references, and the finalizer, if
/// there is one, removes its data.
async fn deleted(context: &Context, owner: &Owner, metadata: &ObjectMeta) -> Result<Ended, Unfinished> {
    context.end_rollout(owner);
    if !has_finalizer(metadata) {
        return Ok(Ended::Waiting);
    }
    let uid = metadata.uid.clone().unwrap_or_default();
    let Context { client, children, secrets, metrics, .. } = context;
    let applier =
        Applier { client, children, secrets, metrics, owner, uid: &uid, turns: Semaphore::new(AT_ONCE), again: AtomicBool::new(false) };
    match (Finalizer { client: &context.client, metrics: &context.metrics, owner }).finish(&applier).await {
        Ok(()) => Ok(Ended::Waiting),
        Err(Failure { step, reason, message }) => {
            context.metrics.failed(step.as_str(), reason);
            error!(resource = owner.name, namespace = owner.namespace, reason, "the data cannot be removed: {message}");
            publish(context, &reference(owner, &uid), EventType::Warning, reason, "DeleteData", &message).await;
            Err(Unfinished(message))
        }
    }
}

/// A stored resource that cannot be read: a definition before this one admitted it.
async fn malformed(context: &Context, owner: &Owner, metadata: &ObjectMeta, error: &str) -> Result<Ended, Unfinished> {
    context.end_rollout(owner);
    let uid = metadata.uid.as_deref().unwrap_or_default();
    let message = format!("the resource cannot be read: {error}; replace it with one that the definition admits: kubectl replace");
    context.metrics.failed("read", MALFORMED);
    context.ready(owner, Some(false));
    let mut status = match context.last_status(owner) {
        Some((_, status)) => status,
        None => stored_status(context, owner).await.unwrap_or_default(),
    };
    let before = status.clone();
    let mut set = |kind: ConditionType, as_it_is| {
        let desired = k8s_controller::conditions::DesiredCondition::new(kind.as_str(), as_it_is, MALFORMED, message.clone())
            .observed_generation(metadata.generation);
        let _ = k8s_controller::conditions::set(&mut status.conditions, desired);
    };
    set(ConditionType::Ready, k8s_controller::conditions::ConditionStatus::False);
    set(ConditionType::Reconciling, k8s_controller::conditions::ConditionStatus::False);
    set(ConditionType::Stalled, k8s_controller::conditions::ConditionStatus::True);
    // Tools that wait look at the conditions of the newest generation alone.
    status.observed_generation = metadata.generation;
    if status == before {
        return Ok(Ended::Refused);
    }
    error!(resource = owner.name, namespace = owner.namespace, reason = MALFORMED, "{message}");
    publish(context, &reference(owner, uid), EventType::Warning, MALFORMED, "Read", &message).await;
    context.keep_status(owner, metadata.resource_version.as_deref().unwrap_or_default(), &status);
    // The API server does not apply to an object that its schema does not describe, but it can replace the status. If the schema prevents
    // that too, the event still reports the error.
    if let Err(error) = write_status(context, owner, uid, &status, None, Patch::Merge).await {
        warn!(resource = owner.name, namespace = owner.namespace, "the status cannot be written: {}", chain(&error));
    }
    Ok(Ended::Refused)
}

/// A reference to a resource for events.
fn reference(owner: &Owner, uid: &str) -> RestaurantBooking {
    let metadata = ObjectMeta {
        name: Some(owner.name.clone()),
        namespace: Some(owner.namespace.clone()),
        uid: Some(uid.to_owned()),
        ..Default::default()
    };
    RestaurantBooking { metadata, ..RestaurantBooking::new(&owner.name, Default::default()) }
}

/// The stored status of a resource that cannot be read, so that an error is reported only once.
async fn stored_status(context: &Context, owner: &Owner) -> Option<RestaurantBookingStatus> {
    let mut stored = unread(&context.client, owner).get_opt(&owner.name).await.ok()??;
    serde_json::from_value(stored.data["status"].take()).ok()
}

/// Writes a status; with a `version`, only over that one.
async fn write_status(
    context: &Context,
    owner: &Owner,
    uid: &str,
    status: &RestaurantBookingStatus,
    version: Option<&str>,
    as_patch: fn(Value) -> Patch<Value>,
) -> kube::Result<String> {
    let api = unread(&context.client, owner);
    let mut body = json!({
        "apiVersion": RestaurantBooking::api_version(&()),
        "kind": RestaurantBooking::kind(&()),
        // The uid protects a new resource of the same name.
        "metadata": {"name": owner.name, "uid": uid},
        "status": status,
    });
    if let Some(version) = version {
        body["metadata"]["resourceVersion"] = version.into();
    }
    let patch = as_patch(body);
    let (verb, force) = if matches!(patch, Patch::Apply(_)) { ("apply", true) } else { ("patch", false) };
    context.metrics.write("restaurantbookings/status", verb);
    let params = PatchParams { field_manager: Some(STATUS_MANAGER.to_owned()), force, ..Default::default() };
    let written = api.patch_status(&owner.name, &params, &patch).await?;
    Ok(written.resource_version().unwrap_or_default())
}

async fn publish(context: &Context, resource: &RestaurantBooking, type_: EventType, reason: &str, action: &str, note: &str) {
    let event = Event { type_, reason: reason.to_owned(), action: action.to_owned(), note: Some(note.to_owned()), related: None };
    context.metrics.write("events", "publish");
    if let Err(error) = context.recorder.publish(resource, &event).await {
        warn!(resource = resource.name_any(), namespace = resource.namespace(), "an event cannot be published: {}", chain(&error));
    }
}

/// A reconcile of a resource that can be read.
struct Round<'a> {
    context: &'a Context,
    owner: &'a Owner,
    resource: &'a RestaurantBooking,
    /// The newest known status.
    status: RestaurantBookingStatus,
    /// The `resourceVersion` that has it.
    version: String,
    /// Whether a broker has not answered yet.
    is_asking: AtomicBool,
    /// Whether the rollout of the operator's default version is still pending here.
    waits_for_rollout: bool,
}

impl Round<'_> {
    /// Writes the status if it changed. Returns whether it wrote.
    async fn write(&mut self, status: RestaurantBookingStatus) -> Result<bool, Unfinished> {
        if status == self.status {
            return Ok(false);
        }
        let uid = self.resource.uid().unwrap_or_default();
        // A restore has one moment, whoever else chooses one: it is written only over the status that has none.
        let over = (status.restore != self.status.restore).then_some(self.version.as_str());
        match write_status(self.context, self.owner, &uid, &status, over, Patch::Apply).await {
            Ok(version) => {
                self.context.keep_status(self.owner, &version, &status);
                self.context.remember(self.owner, |remembered| remembered.written = Some(Instant::now()));
                self.version = version;
                self.status = status;
                self.context.measure(self.owner, &self.resource.spec, &self.status);
                Ok(true)
            }
            // The resource was deleted meanwhile; a watch reports that.
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(false),
            Err(error) => {
                self.context.metrics.failed("status", API_UNAVAILABLE);
                warn!(resource = self.owner.name, namespace = self.owner.namespace, "the status cannot be written: {}", chain(&error));
                Err(Unfinished(error.to_string()))
            }
        }
    }

    async fn publish(&self, type_: EventType, reason: &str, action: &str, note: &str) {
        publish(self.context, self.resource, type_, reason, action, note).await;
    }

    /// Reports failures as metrics, log lines and an event. The caller sets the conditions.
    async fn failed(&self, action: &str, failures: &[Failure]) -> Unfinished {
        let generation = self.resource.metadata.generation;
        for failure in failures {
            let Failure { step, reason, message } = failure;
            self.context.metrics.failed(step.as_str(), reason);
            error!(resource = self.owner.name, namespace = self.owner.namespace, generation, step = step.as_str(), reason, "{message}");
        }
        let Some(first) = failures.first() else { return Unfinished(String::new()) };
        self.publish(EventType::Warning, first.reason, action, &first.message).await;
        Unfinished(first.message.clone())
    }

    async fn platform(&mut self, platform: &Platform, references: &References) -> Result<Ended, Unfinished> {
        let generation = self.resource.metadata.generation;
        let objects: Vec<_> = build(platform).into_iter().map(Wanted::from).collect();
        self.waits_for_rollout = self.has_to_wait(platform).await;
        let (mut steps, failures) = self.steps(platform, &objects).await;
        let chosen = restore::choose(platform, &mut steps);
        let chosen = self.after_keys(platform, references, &objects, &mut steps, chosen).await;
        let reported = status::reported(&self.status, generation, platform, &steps, self.waits_for_rollout, chosen.as_ref());
        let (was_ready, before) = (self.is_ready(), self.status.clone());
        let postponed = self.postponed(&reported, &steps).filter(|_| failures.is_empty());
        let written = if postponed.is_some() { Ok(false) } else { self.write(reported).await };
        let is_ready = self.is_ready();
        if !self.is_outdated(platform) {
            self.context.end_rollout(self.owner);
        }
        self.context.ready(self.owner, Some(is_ready));
        if is_ready && !was_ready && matches!(written, Ok(true)) {
            info!(resource = self.owner.name, namespace = self.owner.namespace, generation, "ready");
            self.publish(EventType::Normal, AVAILABLE, "Reconcile", "everything that is asked for runs").await;
        }
        // The objects of the next step follow from what was written.
        if matches!(written, Ok(true)) && before.restore != self.status.restore {
            self.context.enqueue(self.owner);
        }
        self.tell_of_backups(&before).await;
        if !failures.is_empty() {
            return Err(self.failed("Apply", &failures).await);
        }
        written?;
        // A failure that is observed, such as that of a migration, is reported once and is not retried until something changes.
        for progress in steps.values() {
            if let State::Failed { reason, message } = &progress.state
                && !status::tells(&before, reason, message)
            {
                self.publish(EventType::Warning, reason, "Apply", message).await;
            }
        }
        Ok(if self.is_asking.load(Ordering::Relaxed) {
            Ended::Asking
        } else if let Some(wait) = postponed {
            Ended::Postponed(wait)
        } else if is_ready {
            Ended::Done
        } else {
            Ended::Waiting
        })
    }

    /// How long a status is kept back that tells progress alone: Pods that become ready one after the other would each cost a write.
    fn postponed(&self, reported: &RestaurantBookingStatus, steps: &Steps) -> Option<Duration> {
        let since = self.context.remember(self.owner, |remembered| remembered.written)?.elapsed();
        let wait = self.pause().checked_sub(since).filter(|wait| !wait.is_zero())?;
        let fails = steps.values().any(|progress| matches!(progress.state, State::Failed { .. }));
        let is_urgent = fails || self.is_asking.load(Ordering::Relaxed) || !status::is_progress(&self.status, reported);
        (!is_urgent).then_some(wait)
    }

    /// The least time between two such writes: as long as the platform has not been ready by now. Where many come up at once, each of them
    /// takes long, and costs hardly more writes than one that is ready soon.
    fn pause(&self) -> Duration {
        let ready = k8s_controller::conditions::find(&self.status.conditions, ConditionType::Ready.as_str());
        let unready = ready.and_then(|ready| Duration::try_from(Timestamp::now().duration_since(ready.last_transition_time.0)).ok());
        unready.unwrap_or_default().clamp(PROGRESS, LAST_PROGRESS)
    }

    fn is_ready(&self) -> bool {
        k8s_controller::conditions::find(&self.status.conditions, ConditionType::Ready.as_str())
            .is_some_and(|ready| ready.status == "True" && ready.observed_generation == self.resource.metadata.generation)
    }
}
