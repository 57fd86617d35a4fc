//! The status: conditions and the other fields. Pure, except for the time of a condition's transition.

mod backup;

use std::collections::{BTreeMap, BTreeSet};

use house::declared::Declared;
use jiff::Timestamp;
use k8s_controller::conditions::{self, ConditionStatus, DesiredCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::{ConditionType, RestaurantBooking, RestaurantBookingStatus, ServiceStatus, ServicesStatus, Versions, VolumeStatus};

pub use backup::{Chosen, Report};

use super::backend::{broker, database};
use super::failure::Invalid;
use super::observe::State;
use super::platform::{Exposure, Platform};
use super::reason::{
    APPLIED, AVAILABLE, HOUSE_NOT_SUPPORTED, NOT_DECLARED, NOT_READY_IN_TIME, PASSING, PAUSED, RECONCILING, SETTLED, STALLED, WAITING,
    WAITS_FOR_ROLLOUT,
};
use super::service::{PerService, Service};
use super::step::{ORDER, Step};
use crate::timing;

/// The state of a step in this reconcile.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The state.
    pub state: State,
    /// The ready and the desired Pods; for a Deployment only.
    pub replicas: Option<(i32, i32)>,
    /// The version that runs; for a database or broker, and for a service that has finished its rollout.
    pub version: Option<String>,
    /// Whether as many Pods are available as are needed: of a Deployment.
    pub is_available: bool,
    /// What was observed of the volume: of a managed database or broker.
    pub volume: Option<VolumeStatus>,
    /// What the application of the house said, once it has ended.
    pub said: Option<String>,
    /// What was said of backups, or of the restore.
    pub report: Option<Report>,
}

impl Progress {
    /// The progress of a step that has only a state.
    pub fn of(state: State) -> Self {
        Self { state, replicas: None, version: None, is_available: false, volume: None, said: None, report: None }
    }
}

/// The state of every step in this reconcile.
pub type Steps = BTreeMap<Step, Progress>;

/// The longest message of a condition. The API server admits 32,768 bytes, which is too long to read.
const MESSAGE: usize = 2000;

/// Sets conditions of one generation.
struct Conditions<'a> {
    conditions: &'a mut Vec<Condition>,
    generation: Option<i64>,
}

impl Conditions<'_> {
    fn set(&mut self, kind: ConditionType, status: ConditionStatus, reason: &str, message: &str) {
        let mut message = message.to_owned();
        if message.len() > MESSAGE {
            let end = (0..=MESSAGE).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
            message.truncate(end);
            message.push_str(" ...");
        }
        let desired = DesiredCondition::new(kind.as_str(), status, reason, message).observed_generation(self.generation);
        let _ = conditions::set(self.conditions, desired);
    }

    /// Removes a condition of something that the resource does not have.
    fn remove(&mut self, kind: ConditionType) {
        self.conditions.retain(|condition| condition.type_ != kind.as_str());
    }
}

/// The state of the work on a resource.
enum Work<'a> {
    /// The work continues: reason and message.
    GoesOn(&'static str, &'a str),
    /// The work is complete.
    IsDone,
    /// The work cannot continue: reason and message.
    Stands(&'static str, &'a str),
}

impl Conditions<'_> {
    /// Sets the conditions by which people and tools decide whether to wait.
    fn work(&mut self, work: &Work<'_>) {
        use ConditionStatus::{False, True};
        let (moves, stands) = match work {
            Work::GoesOn(reason, message) => ((True, *reason, *message), (False, *reason, "")),
            Work::IsDone => ((False, SETTLED, "there is nothing left to do"), (False, SETTLED, "")),
            Work::Stands(reason, message) => {
                ((False, if *reason == PAUSED { PAUSED } else { STALLED }, *message), (True, *reason, *message))
            }
        };
        self.set(ConditionType::Progressing, moves.0, moves.1, moves.2);
        self.set(ConditionType::Reconciling, moves.0, moves.1, moves.2);
        self.set(ConditionType::Stalled, stands.0, stands.1, stands.2);
    }
}

/// The status while the work on a new generation starts: a reader must not take the Ready of the old generation for that of the new one.
pub fn begun(status: &RestaurantBookingStatus, generation: Option<i64>) -> RestaurantBookingStatus {
    let mut status = status.clone();
    status.observed_generation = generation;
    let mut conditions = Conditions { conditions: &mut status.conditions, generation };
    let at_work = "the operator is at work on this generation";
    conditions.set(ConditionType::Ready, ConditionStatus::Unknown, RECONCILING, at_work);
    conditions.work(&Work::GoesOn(RECONCILING, at_work));
    status
}

/// The status of a paused resource: the conditions keep their last state.
pub fn paused(status: &RestaurantBookingStatus, generation: Option<i64>) -> RestaurantBookingStatus {
    let mut status = status.clone();
    status.observed_generation = generation;
    let has_run = conditions::find(&status.conditions, ConditionType::Ready.as_str()).is_some();
    let mut conditions = Conditions { conditions: &mut status.conditions, generation };
    let message = "spec.paused is true: nothing is created, changed or removed; the other conditions show the state before the pause";
    conditions.work(&Work::Stands(PAUSED, message));
    if !has_run {
        conditions.set(ConditionType::Ready, ConditionStatus::False, PAUSED, "spec.paused was true before anything was created");
    }
    status
}

/// The status if the resource or its references are invalid, and nothing was changed.
pub fn refused(status: &RestaurantBookingStatus, generation: Option<i64>, invalid: &[Invalid]) -> RestaurantBookingStatus {
    let mut status = status.clone();
    status.observed_generation = generation;
    let message = invalid.iter().map(|invalid| invalid.message.as_str()).collect::<Vec<_>>().join("; ");
    let reason = invalid.first().map_or(STALLED, |invalid| invalid.reason);
    let mut conditions = Conditions { conditions: &mut status.conditions, generation };
    for kind in ConditionType::ALL {
        let own: Vec<_> = invalid.iter().filter(|invalid| invalid.condition == kind).collect();
        match (kind, own.first()) {
            (ConditionType::Ready, _) => conditions.set(kind, ConditionStatus::False, reason, &message),
            (ConditionType::Progressing | ConditionType::Reconciling | ConditionType::Stalled, _) => {}
            (_, Some(first)) => {
                let message = own.iter().map(|invalid| invalid.message.as_str()).collect::<Vec<_>>().join("; ");
                conditions.set(kind, ConditionStatus::False, first.reason, &message);
            }
            // They are told of only with their fields.
            (ConditionType::Exposed | ConditionType::BackupReady | ConditionType::BackupVerified | ConditionType::Restored, _) => {}
            // The conditions of an earlier generation stay, and keep that generation.
            (_, None) if conditions::find(conditions.conditions, kind.as_str()).is_some() => {}
            (_, None) => conditions.set(kind, ConditionStatus::Unknown, WAITING, "waits until the resource is corrected"),
        }
    }
    conditions.work(&Work::Stands(reason, "no change is made until the resource, or an object that it refers to, is corrected"));
    status
}

/// The status after the steps of a reconcile.
pub fn reported(
    status: &RestaurantBookingStatus,
    generation: Option<i64>,
    platform: &Platform,
    steps: &Steps,
    waits_for_rollout: bool,
    chosen: Option<&Chosen>,
) -> RestaurantBookingStatus {
    let steps = &in_time(status, generation, platform, steps);
    // The previous version runs until the new one is rolled out.
    let before = |of: fn(&Versions) -> Option<String>| status.versions.as_ref().and_then(of);
    let mut new = RestaurantBookingStatus {
        observed_generation: generation,
        conditions: status.conditions.clone(),
        version: None,
        url: url(platform),
        admin_secret_name: Some(platform.admin.password.name.clone()),
        postgres: Some(database::of(platform).name().to_owned()),
        kafka: Some(broker::of(platform).name().to_owned()),
        versions: Some(Versions {
            postgres: versions(steps, |step| matches!(step, Step::Postgres(_))).or_else(|| before(|versions| versions.postgres.clone())),
            kafka: versions(steps, |step| step == Step::Kafka).or_else(|| before(|versions| versions.kafka.clone())),
        }),
        volumes: volumes(platform, steps, &status.volumes),
        replicas: None,
        services: None,
        backup: backup::backups(status, platform, steps).map(Box::new),
        restore: backup::restore(status, platform, steps, chosen),
    };
    let (backups, restore) = (new.backup.clone(), new.restore.clone());
    let services = PerService::new(|service| service_status(platform, steps, status, service));
    let total = |count: fn(&ServiceStatus) -> i32| Service::ALL.iter().map(|service| count(services.of(*service))).sum::<i32>();
    new.replicas = Some(format!("{}/{}", total(|status| status.ready), total(|status| status.desired)));
    new.version = version(&services);
    new.services = Some(Box::new(ServicesStatus { auth: services.auth, menu: services.menu, reservation: services.reservation }));

    let mut conditions = Conditions { conditions: &mut new.conditions, generation };
    // Not every controller of Ingresses reports an address, and what is inside does not depend on it.
    let is_in_sight = |step: Step| match &steps[&step].state {
        // Bookings go on without backups, which have conditions of their own.
        _ if matches!(step.condition(), ConditionType::BackupReady | ConditionType::BackupVerified) => true,
        State::Waiting(_) => step == Step::Exposure,
        // The image is older than the house: its staff set it, as they did before.
        State::Failed { reason, .. } => *reason == HOUSE_NOT_SUPPORTED,
        State::Done => false,
    };
    let overall = worst(steps, |step| !is_in_sight(step));
    let its_turn = format!("serves, and waits for its turn to roll out version {}", platform.components.auth.version);
    match &overall {
        State::Done => {
            conditions.set(ConditionType::Ready, ConditionStatus::True, AVAILABLE, "everything that is asked for runs");
            conditions.work(&if waits_for_rollout { Work::GoesOn(WAITS_FOR_ROLLOUT, &its_turn) } else { Work::IsDone });
        }
        State::Waiting(message) => {
            conditions.set(ConditionType::Ready, ConditionStatus::False, WAITING, message);
            conditions.work(&Work::GoesOn(if waits_for_rollout { WAITS_FOR_ROLLOUT } else { RECONCILING }, message));
        }
        State::Failed { reason, message } => {
            conditions.set(ConditionType::Ready, ConditionStatus::False, reason, message);
            // A failure that is retried counts as progress: tools that wait must not give up.
            conditions.work(&if PASSING.contains(reason) { Work::GoesOn(RECONCILING, message) } else { Work::Stands(reason, message) });
        }
    }
    let of = |kind| worst(steps, |step| step.condition() == kind);
    for kind in [ConditionType::PostgresReady, ConditionType::KafkaReady, ConditionType::TopicsReady, ConditionType::MigrationsComplete] {
        tell(&mut conditions, kind, &of(kind));
    }
    house(&mut conditions, platform, &steps[&Step::House]);
    tell(&mut conditions, ConditionType::ServicesReady, &of(ConditionType::ServicesReady));
    // The auth service creates the administrator when it starts.
    let admin = match steps.get(&Step::Deployment(Service::Auth)).map(|progress| &progress.state) {
        Some(State::Done) => State::Done,
        _ => State::Waiting("the administrator is made when the auth service starts".to_owned()),
    };
    tell(&mut conditions, ConditionType::AdminReady, &admin);
    tell(&mut conditions, ConditionType::Available, &availability(steps));
    if platform.exposure.is_some() {
        tell(&mut conditions, ConditionType::Exposed, &worst(steps, |step| step == Step::Exposure));
    } else {
        conditions.remove(ConditionType::Exposed);
    }
    backup::conditions(&mut conditions, platform, steps, backups.as_deref(), restore.as_deref());
    new
}

/// Whether a resource that has run was in progress, or had failed, when its status was written.
pub fn is_rolling_out(resource: &RestaurantBooking) -> bool {
    let Some(status) = &resource.status else { return false };
    let work = conditions::find(&status.conditions, ConditionType::Progressing.as_str());
    status.version.is_some() && work.is_some_and(|work| [RECONCILING, STALLED].contains(&work.reason.as_str()))
}

/// Whether a status differs from the one before only in how far the platform has come: neither is Ready, nor is one stalled.
pub fn is_progress(before: &RestaurantBookingStatus, after: &RestaurantBookingStatus) -> bool {
    let is = |status: &RestaurantBookingStatus, kind: ConditionType| {
        conditions::find(&status.conditions, kind.as_str()).is_some_and(|condition| condition.status == "True")
    };
    let ends = |status| is(status, ConditionType::Ready) || is(status, ConditionType::Stalled);
    // The moment of a restore, and its end, are what the next round works with.
    let is_same = before.observed_generation == after.observed_generation && before.restore == after.restore;
    is_same && !ends(before) && !ends(after)
}

/// Whether a status already reports a failure.
pub fn tells(status: &RestaurantBookingStatus, reason: &str, message: &str) -> bool {
    status.conditions.iter().any(|condition| condition.reason == reason && condition.message.contains(message))
}

fn tell(conditions: &mut Conditions<'_>, kind: ConditionType, state: &State) {
    match state {
        State::Done => conditions.set(kind, ConditionStatus::True, AVAILABLE, ""),
        State::Waiting(message) => conditions.set(kind, ConditionStatus::False, WAITING, message),
        State::Failed { reason, message } => conditions.set(kind, ConditionStatus::False, reason, message),
    }
}

/// Tells of the declared house: what its last application said.
fn house(conditions: &mut Conditions<'_>, platform: &Platform, progress: &Progress) {
    let said = progress.said.as_deref().unwrap_or_default();
    match &progress.state {
        State::Done
            if progress.said.is_none() && conditions::find(conditions.conditions, ConditionType::HouseApplied.as_str()).is_some() => {}
        State::Done => {
            let reason = if platform.house == Declared::default() { NOT_DECLARED } else { APPLIED };
            conditions.set(ConditionType::HouseApplied, ConditionStatus::True, reason, said);
        }
        State::Waiting(message) => conditions.set(ConditionType::HouseApplied, ConditionStatus::False, WAITING, message),
        State::Failed { reason, message } => {
            let message = if said.is_empty() { message.clone() } else { format!("{message}: {said}") };
            conditions.set(ConditionType::HouseApplied, ConditionStatus::False, reason, &message);
        }
    }
}

/// Whether every service has the Pods that it needs, of whatever version.
fn availability(steps: &Steps) -> State {
    let missing = steps.iter().filter(|(step, progress)| matches!(step, Step::Deployment(_)) && !progress.is_available);
    let missing: Vec<_> = missing
        .map(|(step, progress)| match &progress.state {
            State::Waiting(message) | State::Failed { message, .. } => message.clone(),
            State::Done => format!("{} has too few Pods", step.as_str()),
        })
        .collect();
    if missing.is_empty() { State::Done } else { State::Waiting(missing.join("; ")) }
}

/// The steps; a database or a broker that has not become ready for so long that nobody should go on waiting has failed.
fn in_time(status: &RestaurantBookingStatus, generation: Option<i64>, platform: &Platform, steps: &Steps) -> Steps {
    // A restore takes as long as it takes, and databases begin after it.
    let is_restored = platform.restore.as_ref().is_some_and(|restore| restore.source().is_some());
    let mut steps = steps.clone();
    for (step, progress) in &mut steps {
        let State::Waiting(message) = &progress.state else { continue };
        if !matches!(step, Step::Postgres(_) | Step::Kafka) || (is_restored && matches!(step, Step::Postgres(_))) {
            continue;
        }
        if is_late(status, generation, step.condition()) {
            progress.state = State::Failed { reason: NOT_READY_IN_TIME, message: message.clone() };
        }
    }
    steps
}

/// Whether a condition has been False for too long, while the operator worked on this generation. A new generation, or a resource that was
/// corrected, has its time from its beginning.
fn is_late(status: &RestaurantBookingStatus, generation: Option<i64>, kind: ConditionType) -> bool {
    let with = |kind: ConditionType, value: &str| {
        conditions::find(&status.conditions, kind.as_str())
            .filter(|condition| condition.status == value && condition.observed_generation == generation)
    };
    let Some(missing) = with(kind, "False") else { return false };
    if missing.reason == NOT_READY_IN_TIME {
        return true;
    }
    let Some(at_work) = with(ConditionType::Reconciling, "True") else { return false };
    let since = missing.last_transition_time.0.max(at_work.last_transition_time.0);
    Timestamp::now().duration_since(since).unsigned_abs() > timing::STALLED
}

/// What was observed of the volumes; of those that were not looked at, what was known before.
fn volumes(platform: &Platform, steps: &Steps, before: &[VolumeStatus]) -> Vec<VolumeStatus> {
    let name = |step: &Step| match step {
        Step::Postgres(service) if database::of(platform).is_stateful_set() => Some(platform.postgres_name(*service)),
        Step::Kafka if broker::of(platform).is_stateful_set() => Some(platform.kafka_name()),
        _ => None,
    };
    let of = |(step, progress): (&Step, &Progress)| {
        let name = name(step)?;
        progress.volume.clone().filter(|volume| volume.name == name).or_else(|| before.iter().find(|volume| volume.name == name).cloned())
    };
    steps.iter().filter_map(of).collect()
}

/// The worst state of some steps, with the messages of all that failed or all that wait.
fn worst(steps: &Steps, of: impl Fn(Step) -> bool) -> State {
    let states = || ORDER.iter().filter(|step| of(**step)).filter_map(|step| steps.get(step)).map(|progress| &progress.state);
    let mut failed = states().filter_map(|state| match state {
        State::Failed { reason, message } => Some((*reason, message.as_str())),
        _ => None,
    });
    if let Some((reason, first)) = failed.next() {
        let mut messages: Vec<_> = std::iter::once(first).chain(failed.map(|(_, message)| message)).collect();
        messages.dedup();
        return State::Failed { reason, message: messages.join("; ") };
    }
    let mut waiting: Vec<_> = states()
        .filter_map(|state| match state {
            State::Waiting(message) => Some(message.as_str()),
            _ => None,
        })
        .collect();
    waiting.dedup();
    if waiting.is_empty() { State::Done } else { State::Waiting(waiting.join("; ")) }
}

/// The versions that the services run, each once.
fn version(services: &PerService<ServiceStatus>) -> Option<String> {
    each_once(Service::ALL.iter().filter_map(|service| services.of(*service).version.as_deref()))
}

/// The observed versions of some steps, each once.
fn versions(steps: &Steps, of: impl Fn(Step) -> bool) -> Option<String> {
    each_once(steps.iter().filter(|(step, _)| of(**step)).filter_map(|(_, progress)| progress.version.as_deref()))
}

fn each_once<'a>(versions: impl Iterator<Item = &'a str>) -> Option<String> {
    let versions: BTreeSet<&str> = versions.collect();
    (!versions.is_empty()).then(|| versions.into_iter().collect::<Vec<_>>().join(","))
}

fn url(platform: &Platform) -> Option<String> {
    match platform.exposure.as_ref()? {
        Exposure::Ingress { host, tls_secret: None, .. } => Some(format!("http://{host}")),
        // The listener of a Gateway is not known here. A public host for guests' data uses TLS.
        Exposure::Ingress { host, .. } | Exposure::Gateway { host, .. } => Some(format!("https://{host}")),
    }
}

fn service_status(platform: &Platform, steps: &Steps, status: &RestaurantBookingStatus, service: Service) -> ServiceStatus {
    let before = status.services.as_ref().map(|services| match service {
        Service::Auth => &services.auth,
        Service::Menu => &services.menu,
        Service::Reservation => &services.reservation,
    });
    let progress = steps.get(&Step::Deployment(service));
    // While a Deployment waits or is rolled out, the previous version still runs.
    let version = match progress {
        Some(Progress { version: Some(version), .. }) => Some(version.clone()),
        _ => before.and_then(|before| before.version.clone()),
    };
    let (ready, desired) = match progress.and_then(|progress| progress.replicas) {
        Some(replicas) => replicas,
        None => (before.map_or(0, |before| before.ready), platform.components.of(service).scale.at_least()),
    };
    let url = format!("http://{}.{}.svc:{}", platform.component_name(service), platform.namespace, service.port());
    ServiceStatus { ready, desired, version, url: Some(url) }
}
