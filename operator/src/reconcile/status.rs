//! What is reported: conditions and the rest of the status. Pure, but for the time of a condition's transition.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_controller::conditions::{self, ConditionStatus, DesiredCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::{ConditionType, RestaurantBooking, RestaurantBookingStatus, ServiceStatus, ServicesStatus, Versions, VolumeStatus};

use super::failure::Invalid;
use super::observe::State;
use super::platform::{Exposure, KafkaBackend, Platform, Postgres};
use super::reason::{AVAILABLE, NOT_READY_IN_TIME, PASSING, PAUSED, RECONCILING, SETTLED, STALLED, WAITING, WAITS_FOR_ROLLOUT};
use super::service::{PerService, Service};
use super::step::{ORDER, Step};
use crate::timing;

/// How a step does, in this round.
#[derive(Clone, Debug)]
pub struct Progress {
    /// How it does.
    pub state: State,
    /// Pods that are ready and that are wanted: of a Deployment.
    pub replicas: Option<(i32, i32)>,
    /// The version that runs: of a database or broker, and of a service that was rolled out.
    pub version: Option<String>,
    /// Whether as many Pods are available as are needed: of a Deployment.
    pub is_available: bool,
    /// What was observed of the volume: of a managed database or broker.
    pub volume: Option<VolumeStatus>,
}

impl Progress {
    /// Of a step of which nothing but its state is known.
    pub fn of(state: State) -> Self {
        Self { state, replicas: None, version: None, is_available: false, volume: None }
    }
}

/// How every step does, in this round.
pub type Steps = BTreeMap<Step, Progress>;

/// The longest message of a condition that we write; the API server takes 32,768 bytes, which nobody reads.
const MESSAGE: usize = 2000;

/// Sets conditions as of one generation.
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
}

/// How the work on a resource goes.
enum Work<'a> {
    /// It goes on: reason and message.
    GoesOn(&'static str, &'a str),
    /// There is none left.
    IsDone,
    /// It cannot go on: reason and message.
    Stands(&'static str, &'a str),
}

impl Conditions<'_> {
    /// The conditions by which people and tools decide whether to wait.
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

/// The work on a new generation begins: who looks now must not take the old generation's Ready for the new one's.
pub fn begun(status: &RestaurantBookingStatus, generation: Option<i64>) -> RestaurantBookingStatus {
    let mut status = status.clone();
    status.observed_generation = generation;
    let mut conditions = Conditions { conditions: &mut status.conditions, generation };
    let at_work = "the operator is at work on this generation";
    conditions.set(ConditionType::Ready, ConditionStatus::Unknown, RECONCILING, at_work);
    conditions.work(&Work::GoesOn(RECONCILING, at_work));
    status
}

/// The resource is paused: everything is left as it is, and so is what was last known.
pub fn paused(status: &RestaurantBookingStatus, generation: Option<i64>) -> RestaurantBookingStatus {
    let mut status = status.clone();
    status.observed_generation = generation;
    let has_run = conditions::find(&status.conditions, ConditionType::Ready.as_str()).is_some();
    let mut conditions = Conditions { conditions: &mut status.conditions, generation };
    let message = "spec.paused is true: nothing is made, changed or removed; the other conditions are those of before";
    conditions.work(&Work::Stands(PAUSED, message));
    if !has_run {
        conditions.set(ConditionType::Ready, ConditionStatus::False, PAUSED, "spec.paused was true before anything was made");
    }
    status
}

/// The resource, or what it refers to, is wrong: nothing was changed.
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
            (ConditionType::Exposed, _) => {}
            // What was said of an earlier generation still stands there, with that generation.
            (_, None) if conditions::find(conditions.conditions, kind.as_str()).is_some() => {}
            (_, None) => conditions.set(kind, ConditionStatus::Unknown, WAITING, "waits until the resource is mended"),
        }
    }
    conditions.work(&Work::Stands(reason, "nothing is done until the resource, or what it refers to, is mended"));
    status
}

/// What was done in a round, and what is waited for.
pub fn reported(
    status: &RestaurantBookingStatus,
    generation: Option<i64>,
    platform: &Platform,
    steps: &Steps,
    waits_for_rollout: bool,
) -> RestaurantBookingStatus {
    let steps = &in_time(status, steps);
    // While something is rolled out, or waits, what it was before still runs.
    let before = |of: fn(&Versions) -> Option<String>| status.versions.as_ref().and_then(of);
    let mut new = RestaurantBookingStatus {
        observed_generation: generation,
        conditions: status.conditions.clone(),
        version: None,
        url: url(platform),
        admin_secret_name: Some(platform.admin.password.name.clone()),
        postgres: Some(platform.postgres.as_str().to_owned()),
        kafka: Some(platform.kafka.backend.as_str().to_owned()),
        versions: Some(Versions {
            postgres: versions(steps, |step| matches!(step, Step::Postgres(_))).or_else(|| before(|versions| versions.postgres.clone())),
            kafka: versions(steps, |step| step == Step::Kafka).or_else(|| before(|versions| versions.kafka.clone())),
        }),
        volumes: volumes(platform, steps, &status.volumes),
        replicas: None,
        services: None,
    };
    let services = PerService::new(|service| service_status(platform, steps, status, service));
    let total = |count: fn(&ServiceStatus) -> i32| Service::ALL.iter().map(|service| count(services.of(*service))).sum::<i32>();
    new.replicas = Some(format!("{}/{}", total(|status| status.ready), total(|status| status.desired)));
    new.version = version(&services);
    new.services = Some(ServicesStatus { auth: services.auth, menu: services.menu, reservation: services.reservation });

    let mut conditions = Conditions { conditions: &mut new.conditions, generation };
    // Not every controller of Ingresses reports an address, and what is inside does not depend on it.
    let is_in_sight = |step| step == Step::Exposure && matches!(steps[&step].state, State::Waiting(_));
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
            // What is tried again by itself is still at work: a tool that waits must not give up on it.
            conditions.work(&if PASSING.contains(reason) { Work::GoesOn(RECONCILING, message) } else { Work::Stands(reason, message) });
        }
    }
    for kind in [
        ConditionType::PostgresReady,
        ConditionType::KafkaReady,
        ConditionType::TopicsReady,
        ConditionType::MigrationsComplete,
        ConditionType::ServicesReady,
    ] {
        tell(&mut conditions, kind, &worst(steps, |step| step.condition() == kind));
    }
    tell(&mut conditions, ConditionType::Available, &availability(steps));
    if platform.exposure.is_some() {
        tell(&mut conditions, ConditionType::Exposed, &worst(steps, |step| step == Step::Exposure));
    } else {
        conditions.conditions.retain(|condition| condition.type_ != ConditionType::Exposed.as_str());
    }
    // Auth makes the administrator when it starts.
    let admin = match steps.get(&Step::Deployment(Service::Auth)).map(|progress| &progress.state) {
        Some(State::Done) => State::Done,
        _ => State::Waiting("the administrator is made when the auth service starts".to_owned()),
    };
    tell(&mut conditions, ConditionType::AdminReady, &admin);
    new
}

/// Whether a resource that has run was being worked on when its status was written, or had failed then.
pub fn is_rolling_out(resource: &RestaurantBooking) -> bool {
    let Some(status) = &resource.status else { return false };
    let work = conditions::find(&status.conditions, ConditionType::Progressing.as_str());
    status.version.is_some() && work.is_some_and(|work| [RECONCILING, STALLED].contains(&work.reason.as_str()))
}

/// Whether a status tells of a failure already.
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
fn in_time(status: &RestaurantBookingStatus, steps: &Steps) -> Steps {
    let mut steps = steps.clone();
    for (step, progress) in &mut steps {
        let State::Waiting(message) = &progress.state else { continue };
        if !matches!(step, Step::Postgres(_) | Step::Kafka) {
            continue;
        }
        let condition = conditions::find(&status.conditions, step.condition().as_str()).filter(|condition| condition.status == "False");
        let since = condition.map(|condition| condition.last_transition_time.0);
        let is_late = since.is_some_and(|since| Timestamp::now().duration_since(since).unsigned_abs() > timing::STALLED);
        if is_late {
            progress.state = State::Failed { reason: NOT_READY_IN_TIME, message: message.clone() };
        }
    }
    steps
}

/// What was observed of the volumes; of those that were not looked at, what was known before.
fn volumes(platform: &Platform, steps: &Steps, before: &[VolumeStatus]) -> Vec<VolumeStatus> {
    let name = |step: &Step| match step {
        Step::Postgres(service) if matches!(platform.postgres, Postgres::Managed { .. }) => Some(platform.postgres_name(*service)),
        Step::Kafka if matches!(platform.kafka.backend, KafkaBackend::Managed { .. }) => Some(platform.kafka_name()),
        _ => None,
    };
    let of = |(step, progress): (&Step, &Progress)| {
        let name = name(step)?;
        progress.volume.clone().or_else(|| before.iter().find(|volume| volume.name == name).cloned())
    };
    steps.iter().filter_map(of).collect()
}

/// How the worst of some steps does; all that wait, and all that failed, are told of.
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

/// What the services run, each version once.
fn version(services: &PerService<ServiceStatus>) -> Option<String> {
    each_once(Service::ALL.iter().filter_map(|service| services.of(*service).version.as_deref()))
}

/// What was observed of some steps, each version once.
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
        // The listener of a Gateway is not ours to know; who exposes guests' data does so encrypted.
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
    // While a Deployment waits for its turn, or is rolled out, what it was before still runs.
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
