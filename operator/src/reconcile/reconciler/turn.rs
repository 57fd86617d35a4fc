//! The order of the steps at run time: each step is applied as soon as the steps that it waits for have ended, and existing objects are
//! maintained meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use kube::ResourceExt as _;
use tokio::sync::Semaphore;

use crate::api::ConditionType;
use crate::reconcile::apply::{AT_ONCE, Applied, Applier};
use crate::reconcile::backend::{broker, database};
use crate::reconcile::build::house_jobs;
use crate::reconcile::context::Context;
use crate::reconcile::failure::Failure;
use crate::reconcile::kind::Kind;
use crate::reconcile::observe::State;
use crate::reconcile::platform::{Platform, Restore};
use crate::reconcile::reason::INVALID_SPEC;
use crate::reconcile::service::Service;
use crate::reconcile::status::{Progress, Steps};
use crate::reconcile::step::{ORDER, Step};
use crate::reconcile::topics::{self, Topics};
use crate::reconcile::wanted::{Wanted, by_step};

use super::{RESYNC, Round};

/// The wanted objects, grouped by step.
type ByStep<'a> = BTreeMap<Step, Vec<&'a Wanted>>;

/// The objects of a step.
fn of<'a, 'b>(by_step: &'b ByStep<'a>, step: Step) -> &'b [&'a Wanted] {
    by_step.get(&step).map_or(&[][..], Vec::as_slice)
}

/// Whether the steps that wait for this one need not wait any more: for the house its end will do, and it stays as it was where it failed.
fn has_ended(step: Step, state: &State) -> bool {
    matches!((step, state), (_, State::Done) | (Step::House, State::Failed { .. }))
}

/// Whether a step may be applied.
enum Gate {
    /// The step may be applied.
    Open,
    /// The step has ended earlier, and its result stays.
    Passed,
    /// The step must wait, and running Pods keep their template.
    Kept,
    /// The step must wait for another, and running Pods keep their template.
    Held(String),
    /// The step must wait, and nothing runs.
    Closed(String),
}

impl Round<'_> {
    /// Applies every step as soon as the steps that it waits for have ended. Independent steps run together.
    pub(super) async fn steps(&self, platform: &Platform, objects: &[Wanted]) -> (Steps, Vec<Failure>) {
        let uid = self.resource.uid().unwrap_or_default();
        let applier = self.applier(&uid);
        let by_step = by_step(objects);
        let mut steps: Steps = BTreeMap::new();
        let mut failures = Vec::new();
        // Without a restore nobody waits for one: a service that fails must not hold up the database of another.
        let restores = platform.restore.as_ref().is_some_and(|restore| restore.source().is_some());
        let backs_up_first = platform.backup.as_ref().is_some_and(|backup| backup.before_migration);
        let (mut left, done): (Vec<_>, Vec<_>) = ORDER.into_iter().partition(|step| match step {
            Step::BeforeMigration(_) => backs_up_first,
            step => restores || step.condition() != ConditionType::Restored,
        });
        steps.extend(done.into_iter().map(|step| (step, Progress::of(State::Done))));
        let mut running = FuturesUnordered::new();
        loop {
            // Each step starts when those that it waits for have ended, even while others are still running.
            let (next, later): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|step| step.waits_for().iter().all(|other| steps.contains_key(other)));
            left = later;
            for step in next {
                let blocking = step.waits_for().into_iter().find(|other| !has_ended(*other, &steps[other].state));
                running.push(self.step(&applier, platform, step, &by_step, blocking).boxed());
            }
            let Some((step, progress, failed)) = running.next().await else { break };
            steps.insert(step, progress);
            failures.extend(failed);
        }
        topics::judge_broker(&mut steps);
        let foundations = [Step::Foundation].into_iter().chain(Service::ALL.map(Step::Settings));
        // Templates that are kept may refer to objects that are no longer wanted.
        if !self.waits_for_rollout && foundations.into_iter().all(|step| matches!(steps[&step].state, State::Done)) {
            failures.extend(applier.prune(objects).await);
        }
        if applier.again.load(Ordering::Relaxed) {
            self.context.enqueue(self.owner);
        }
        (steps, failures)
    }

    /// Runs one step: applies it, or, if it must wait, maintains only the objects that run.
    async fn step(
        &self,
        applier: &Applier<'_>,
        platform: &Platform,
        step: Step,
        by_step: &ByStep<'_>,
        blocking: Option<Step>,
    ) -> (Step, Progress, Vec<Failure>) {
        let objects = of(by_step, step);
        if let Step::Deployment(service) = step
            && let Some(message) = &platform.components.of(service).unreadable
        {
            let kept = match applier.deployment(step, objects).await {
                Ok(Some(_)) => applier.step(step, objects, true).await,
                _ => Applied::default(),
            };
            let state = State::Failed { reason: INVALID_SPEC, message: message.clone() };
            let Applied { replicas, is_available, .. } = kept;
            return (step, Progress { replicas, is_available, ..Progress::of(state) }, kept.failures);
        }
        // New Pods would wait for the Secret, and would be replaced when it exists.
        let blocking = match step {
            Step::Deployment(service) if database::of(platform).missing(platform, service).is_some() => Some(Step::Postgres(service)),
            _ => blocking,
        };
        let gate = match self.gate(applier, platform, step, by_step, blocking).await {
            Ok(gate) => gate,
            Err(failure) => {
                let state = State::Failed { reason: failure.reason, message: failure.message.clone() };
                return (step, Progress::of(state), vec![failure]);
            }
        };
        let mut report = None;
        let mut applied = match &gate {
            Gate::Open => applier.step(step, objects, false).await,
            Gate::Held(_) | Gate::Kept => applier.step(step, objects, true).await,
            Gate::Passed => return (step, Progress::of(State::Done), Vec::new()),
            Gate::Closed(why) => return (step, Progress::of(State::Waiting(why.clone())), Vec::new()),
        };
        match &gate {
            Gate::Held(why) if matches!(applied.state, State::Done) => applied.state = State::Waiting(why.clone()),
            Gate::Open if matches!(applied.state, State::Done) => {
                if let Some(state) = self.beyond_objects(step, platform, &mut applied.failures).await {
                    applied.state = state;
                }
            }
            _ => {}
        }
        if matches!(gate, Gate::Open) && applied.failures.is_empty() {
            let state = applied.state.clone();
            let told = match step {
                Step::Backup(service) => {
                    let all = [objects, of(by_step, Step::BeforeMigration(service))].concat();
                    self.backups(applier, platform, service, &all).await
                }
                Step::BeforeMigration(service) => self.before_migration(applier, service, objects, state).await.map(|state| (state, None)),
                Step::Watcher => self.behind(applier, platform, state).await,
                Step::Look(_) | Step::Restore(_) | Step::AfterRestore(_) => self.restored(applier, step, objects, state).await,
                _ => Ok((state, None)),
            };
            match told {
                Ok((state, told)) => (applied.state, report) = (state, told),
                Err(failure) => applied.failures.push(failure),
            }
        }
        // A service that has finished its rollout runs the specified version.
        let version = match step {
            Step::Deployment(service) if matches!((&gate, &applied.state), (Gate::Open, State::Done)) => {
                Some(platform.components.of(service).version.clone())
            }
            _ => applied.version,
        };
        let Applied { state, replicas, is_available, volume, mut failures, .. } = applied;
        let said = match (step, &state) {
            (Step::House, State::Done | State::Failed { .. }) if failures.is_empty() => {
                self.house(applier, objects).await.unwrap_or_else(|failure| {
                    failures.push(failure);
                    None
                })
            }
            // A Job that runs again says something else.
            (Step::House, State::Waiting(_)) => {
                self.context.remember(self.owner, |remembered| remembered.said = None);
                None
            }
            _ => None,
        };
        (step, Progress { state, replicas, version, is_available, volume, said, report }, failures)
    }

    /// Decides whether a step may be applied. Running objects are maintained whatever the state of other steps is: a database or a broker
    /// that is away does not stop the maintenance of the services.
    async fn gate(
        &self,
        applier: &Applier<'_>,
        platform: &Platform,
        step: Step,
        by_step: &ByStep<'_>,
        blocking: Option<Step>,
    ) -> Result<Gate, Failure> {
        let objects = of(by_step, step);
        if self.waits_for_rollout {
            match step {
                Step::House if self.has_run(Service::Reservation) => return Ok(Gate::Passed),
                Step::BeforeMigration(service) | Step::Migration(service) if self.has_run(service) => return Ok(Gate::Passed),
                Step::Deployment(service) if self.has_run(service) => return Ok(Gate::Kept),
                Step::Postgres(_) | Step::Kafka if blocking.is_none() => return Ok(Gate::Kept),
                _ => {}
            }
        }
        if let (Step::Restore(_), Some(Restore::Look(_))) = (step, &platform.restore) {
            return Ok(Gate::Closed("restores when the moment is chosen to which all databases can be".to_owned()));
        }
        if step == Step::House
            && let Some(other) = self.other_house(platform, objects)
        {
            return Ok(Gate::Closed(format!("{} waits until Job {other} and its Pods are gone", step.as_str())));
        }
        if let Step::BeforeMigration(service) = step {
            let migration = of(by_step, Step::Migration(service));
            let is_due = match blocking {
                None => self.is_backed_up_first(applier, platform, service, migration).await?,
                // What no watch has reported yet is not read in each round.
                Some(_) => !applier.is_known(migration, Kind::Job),
            };
            if !is_due {
                return Ok(Gate::Passed);
            }
        }
        let Some(blocking) = blocking else { return Ok(Gate::Open) };
        let why = format!("{} waits for {}", step.as_str(), blocking.as_str());
        match step {
            // Before the first Pods there is nothing to keep: a Job or a Deployment that no watch has reported yet makes no difference, and is
            // not read in each round.
            Step::Migration(service) if !self.has_run(service) && !applier.is_known(objects, Kind::Job) => Ok(Gate::Closed(why)),
            Step::Deployment(service) if !self.has_run(service) && !applier.is_known(objects, Kind::Deployment) => Ok(Gate::Closed(why)),
            // A database that was migrated once remains so, even while it cannot be reached.
            Step::Migration(_) => {
                let job = applier.job(step, objects).await?;
                Ok(if job.is_some_and(|job| matches!(job.state, State::Done)) { Gate::Passed } else { Gate::Closed(why) })
            }
            // Applied once, it remains so, whatever cannot be reached now.
            Step::House if applier.is_known(objects, Kind::Job) => Ok(Gate::Open),
            // Only the first Pods with a broker wait for its topics: a broker would create a topic with its own defaults when a service first
            // asks for it.
            Step::Deployment(service) => Ok(match applier.deployment(step, objects).await? {
                Some(live) if blocking == Step::Topics && topics::uses_broker(applier, platform, step, &live).await? => Gate::Open,
                Some(_) => Gate::Held(why),
                // It was deleted.
                None if blocking == Step::Topics && self.has_run(service) => Gate::Open,
                None => Gate::Closed(why),
            }),
            // A broker that comes back may have lost its topics.
            Step::Topics => {
                topics::forget(self.context, self.owner);
                Ok(Gate::Closed(why))
            }
            _ => Ok(Gate::Closed(why)),
        }
    }

    /// A Job of another declaration, or of another image, that is not gone yet: of two at once, the former could end last.
    fn other_house(&self, platform: &Platform, objects: &[&Wanted]) -> Option<String> {
        let prefix = house_jobs(platform);
        let is_wanted = |name: &str| objects.iter().any(|object| object.kind == Kind::Job && object.name == name);
        let mut known = self.context.children.of(self.owner).into_iter();
        known.find(|(kind, name)| *kind == Kind::Job && name.starts_with(&prefix) && !is_wanted(name)).map(|(_, name)| name)
    }

    /// What the Pod said that applied the house, or could not. It is read once for each Job.
    async fn house(&self, applier: &Applier<'_>, objects: &[&Wanted]) -> Result<Option<String>, Failure> {
        let Some(job) = objects.iter().find(|object| object.kind == Kind::Job) else { return Ok(None) };
        let told = self.status.conditions.iter().find(|condition| condition.type_ == ConditionType::HouseApplied.as_str());
        let own = format!("{}: ", job.name);
        if let Some((_, known)) = told.and_then(|told| told.message.split_once(&own)) {
            return Ok(Some(format!("{own}{known}")));
        }
        // The status that tells it may be postponed.
        let known = self.context.remember(self.owner, |remembered| remembered.said.clone());
        if let Some(known) = known.filter(|known| known.starts_with(&own)) {
            return Ok(Some(known));
        }
        let said = applier.said(Step::House, &job.name).await?;
        let said = format!("{own}{}", said.as_deref().unwrap_or("its Pods are gone, and what they said with them").trim());
        self.context.remember(self.owner, |remembered| remembered.said = Some(said.clone()));
        Ok(Some(said))
    }

    /// The version that a service of this resource runs, if it has run before.
    fn running(&self, service: Service) -> Option<&str> {
        let services = self.status.services.as_ref()?;
        let of = match service {
            Service::Auth => &services.auth,
            Service::Menu => &services.menu,
            Service::Reservation => &services.reservation,
        };
        of.version.as_deref()
    }

    pub(super) fn has_run(&self, service: Service) -> bool {
        self.running(service).is_some()
    }

    /// Whether a service runs another version than the operator's default, which the resource asks for.
    pub(super) fn is_outdated(&self, platform: &Platform) -> bool {
        Service::ALL.into_iter().any(|service| {
            let component = platform.components.of(service);
            component.is_default_version && self.running(service).is_some_and(|version| version != component.version)
        })
    }

    fn applier<'a>(&'a self, uid: &'a str) -> Applier<'a> {
        let Context { client, children, secrets, metrics, .. } = self.context;
        Applier {
            client,
            children,
            secrets,
            metrics,
            owner: self.owner,
            uid,
            turns: Semaphore::new(AT_ONCE),
            again: AtomicBool::new(false),
        }
    }

    /// Whether the rollout of the operator's default version must wait, because enough other resources are rolling out.
    pub(super) async fn has_to_wait(&self, platform: &Platform) -> bool {
        let (context, owner) = (self.context, self.owner);
        if !self.is_outdated(platform) {
            context.end_rollout(owner);
            return false;
        }
        // Without a correction by its user it would hold its place for ever, whatever the version.
        if Service::ALL.into_iter().any(|service| platform.components.of(service).unreadable.is_some()) {
            context.end_rollout(owner);
            return true;
        }
        if self.lacks_a_deployment(platform).await {
            context.rollouts.begin_at_once(owner);
        }
        !context.rollouts.begin(owner)
    }

    /// Whether the Deployment of a service that has run is gone: it has no template that could be kept. The watch may not have reported
    /// all Deployments yet, so the API server decides.
    async fn lacks_a_deployment(&self, platform: &Platform) -> bool {
        let uid = self.resource.uid().unwrap_or_default();
        let applier = self.applier(&uid);
        for service in Service::ALL.into_iter().filter(|service| self.has_run(*service)) {
            let name = platform.component_name(service);
            if self.context.children.version(self.owner, Kind::Deployment, &name).is_none()
                && matches!(applier.get(Step::Deployment(service), Kind::Deployment, &name).await, Ok(None))
            {
                return true;
            }
        }
        false
    }

    /// Provides what a step needs beyond its objects; returns the state of the step while that is missing.
    async fn beyond_objects(&self, step: Step, platform: &Platform, failures: &mut Vec<Failure>) -> Option<State> {
        match step {
            Step::Postgres(service) => database::of(platform).missing(platform, service).map(State::Waiting),
            Step::Topics if !broker::of(platform).has_topic_objects() => self.topics(platform, failures).await,
            _ => None,
        }
    }

    /// Applies the topics through the broker.
    async fn topics(&self, platform: &Platform, failures: &mut Vec<Failure>) -> Option<State> {
        match topics::topics(self.context, self.owner, platform, RESYNC / 2).await {
            Topics::AsWanted => None,
            Topics::Asking(known) => {
                self.is_asking.store(true, Ordering::Relaxed);
                known
            }
            Topics::Failed(failure) => {
                let state = State::Failed { reason: failure.reason, message: failure.message.clone() };
                failures.push(failure);
                Some(state)
            }
        }
    }
}
