//! The backups of a resource: what their Jobs and the watcher said.

use backup::report::{Outcome, RunReport, WatchReport};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::events::EventType;
use serde::de::DeserializeOwned;

use crate::api::{DatabaseBackup, RestaurantBookingStatus};
use crate::reconcile::apply::Applier;
use crate::reconcile::backend::database;
use crate::reconcile::failure::Failure;
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{WATCHER, first_backup_name};
use crate::reconcile::observe::{Attempt, State, time};
use crate::reconcile::platform::{Backup, Platform};
use crate::reconcile::reason::{BACKUP_BEFORE_MIGRATION_FAILED, BACKUP_FAILED, BACKUP_LATE};
use crate::reconcile::service::Service;
use crate::reconcile::status::Report;
use crate::reconcile::step::Step;
use crate::reconcile::wanted::Wanted;

use super::Round;

impl Round<'_> {
    /// The state of a database's backups: what its own objects tell; or that of the last Job that ended, once the first into this place has.
    /// What a Job said is read once, and stands in the status from then on.
    pub(super) async fn backups(
        &self,
        applier: &Applier<'_>,
        platform: &Platform,
        service: Service,
        objects: &[&Wanted],
    ) -> Result<(State, Option<Report>), Failure> {
        let Some(backup) = &platform.backup else { return Ok((State::Done, None)) };
        let known = self.known(backup, service).cloned();
        let mut now = known.unwrap_or_else(|| DatabaseBackup { name: service.as_str().to_owned(), ..Default::default() });
        if let Some((state, told)) = database::of(platform).backups(platform, service, &now, &|kind, name| applier.newest_seen(kind, name))
        {
            let has_begun = told.last_backup.is_some() || told.failure.is_some();
            return Ok((state, has_begun.then_some(Report::Backup(told))));
        }
        let first = first_backup_name(&platform.name, service, &backup.repository.identity(service));
        let seen: Vec<_> = objects.iter().filter_map(|object| Some((object.name.as_str(), applier.last_seen(object)?))).collect();
        let waits = || State::Waiting(format!("the first backup of {} into {} runs", service.as_str(), backup.repository.location()));
        let is_begun = seen.iter().any(|(name, observed)| *name == first && observed.runs.is_some_and(|runs| runs.last.is_some()));
        if !is_begun {
            return Ok((waits(), None));
        }
        let last = seen.iter().filter_map(|(_, observed)| observed.runs?.last).max_by_key(|attempt| attempt.at);
        if let Some(last) = last.filter(|last| now.last_attempt.as_ref().is_none_or(|known| whole(last.at) > known.0)) {
            let words = applier.said_by(Step::Backup(service), &format!("{}-backup", service.as_str())).await?;
            let words: Vec<_> = words.into_iter().map(|words| words.message).collect();
            tell(&mut now, last, &words);
        }
        let state = match (&now.failure, &now.last_attempt) {
            (Some(failure), _) => {
                let message = format!("the last backup of {} failed: {failure}", service.as_str());
                State::Failed { reason: BACKUP_FAILED, message }
            }
            (None, Some(_)) => State::Done,
            (None, None) => waits(),
        };
        Ok((state, Some(Report::Backup(now))))
    }

    /// Whether a service's database is backed up before the `migration` that is wanted: it has not begun, and there is data. A database that is
    /// restored is what its backups have.
    pub(super) async fn is_backed_up_first(
        &self,
        applier: &Applier<'_>,
        platform: &Platform,
        service: Service,
        migration: &[&Wanted],
    ) -> Result<bool, Failure> {
        let step = Step::BeforeMigration(service);
        if applier.job(step, migration).await?.is_some() {
            return Ok(false);
        }
        // Some Pods may serve before all do.
        if self.has_run(service) || applier.get(step, Kind::Deployment, &platform.component_name(service)).await?.is_some() {
            return Ok(true);
        }
        // A volume that is older than the resource has the data of another.
        let claim = applier.get(step, Kind::PersistentVolumeClaim, &platform.postgres_name(service)).await?;
        let made = claim.and_then(|claim| time(&claim["metadata"]["creationTimestamp"]));
        let begun = self.resource.metadata.creation_timestamp.as_ref().map(|begun| begun.0);
        Ok(made.zip(begun).is_some_and(|(made, begun)| made < begun))
    }

    /// The state of the backup before a migration, by what its Pod said.
    pub(super) async fn before_migration(
        &self,
        applier: &Applier<'_>,
        service: Service,
        objects: &[&Wanted],
        state: State,
    ) -> Result<State, Failure> {
        let Some(job) = objects.iter().find(|object| object.kind == Kind::Job) else { return Ok(state) };
        let said = self.said_at_end(applier, Step::BeforeMigration(service), &job.name, &state).await?.unwrap_or_default();
        Ok(awaited(service, &job.name, state, &said))
    }

    /// The backups of a database as the status has them; `None`: nothing is known of this place.
    pub(super) fn known(&self, backup: &Backup, service: Service) -> Option<&DatabaseBackup> {
        let status = self.status.backup.as_ref().filter(|status| status.location.as_ref() == Some(&backup.repository.location()))?;
        status.databases.iter().find(|one| one.name == service.as_str())
    }

    /// Tells of a new backup of all databases, of its verification, and of the end of the restore, as events.
    pub(super) async fn tell_of_backups(&self, before: &RestaurantBookingStatus) {
        let last = |status: &RestaurantBookingStatus| status.backup.as_ref().and_then(|backup| backup.last_backup.clone());
        if let Some(now) = last(&self.status).filter(|now| last(before).is_none_or(|before| before < *now)) {
            let note = format!("all databases have a base backup of {} or later", now.0);
            self.publish(EventType::Normal, "BackupCompleted", "Backup", &note).await;
        }
        let verified = |status: &RestaurantBookingStatus| status.backup.as_ref().and_then(|backup| backup.last_verified.clone());
        if let Some(now) = verified(&self.status).filter(|now| verified(before).is_none_or(|before| before < *now)) {
            let note = format!("backups of all databases were verified at {} or later", now.0);
            self.publish(EventType::Normal, "BackupVerified", "Verify", &note).await;
        }
        let completed = |status: &RestaurantBookingStatus| status.restore.as_ref().is_some_and(|restore| restore.completed.is_some());
        if completed(&self.status) && !completed(before) {
            self.publish(EventType::Normal, "Restored", "Restore", "all databases are restored to one moment").await;
        }
    }

    /// Why the watcher is not ready, where an archive is late.
    pub(super) async fn behind(
        &self,
        applier: &Applier<'_>,
        platform: &Platform,
        state: State,
    ) -> Result<(State, Option<Report>), Failure> {
        let Some(backup) = platform.backup.as_ref().filter(|_| state != State::Done) else { return Ok((state, None)) };
        let words = applier.said_by(Step::Watcher, WATCHER).await?;
        let report = words.iter().find_map(|words| match Outcome::<WatchReport>::read(&words.message)? {
            Outcome::Done(report) => Some(report),
            Outcome::Failed(_) => None,
        });
        let Some(report) = report else { return Ok((state, None)) };
        let late = report.databases.iter().map(|(name, behind)| {
            let mut text = match behind.newest {
                Some(newest) => format!("{name} can be restored to {newest} and to nothing later"),
                None => format!("no log of {name} is archived"),
            };
            if let Some(file) = &behind.failing {
                text.push_str(&format!(", since archiving {file} fails"));
            }
            if let Some(error) = &behind.error {
                text.push_str(&format!(", and the database does not answer: {error}"));
            }
            format!("{text}; {} files of the log ({} bytes) wait", behind.waiting, behind.bytes)
        });
        let message = format!(
            "an archive is further behind than {} s, five times maxLoss: {}. The log of the database says why: kubectl logs \
             statefulset/{}-auth-postgres, for example",
            5 * backup.max_loss,
            late.collect::<Vec<_>>().join("; "),
            platform.name
        );
        Ok((State::Failed { reason: BACKUP_LATE, message }, Some(Report::Behind(report))))
    }
}

/// The API server keeps whole seconds.
pub(super) fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The state of the backup before a migration, whose Pod `said` something at its end.
fn awaited(service: Service, job: &str, state: State, said: &str) -> State {
    let of = format!("migration of {}", service.as_str());
    match state {
        State::Done => State::Done,
        State::Waiting(_) => State::Waiting(format!("{of}: waits for the backup {job}")),
        State::Failed { message, .. } => {
            let why = match Outcome::<RunReport>::read(said) {
                Some(Outcome::Failed(failure)) => failure.message,
                _ if said.trim().is_empty() => GONE.to_owned(),
                _ => said.trim().to_owned(),
            };
            let message = format!(
                "{of}: does not run, since the backup before it failed. {message}: {}. The old version keeps serving. After you have mended it, \
                 delete the Job to have it run again: kubectl delete job {job}",
                why.trim_end_matches('.')
            );
            State::Failed { reason: BACKUP_BEFORE_MIGRATION_FAILED, message }
        }
    }
}

/// Of a Job that has ended.
const GONE: &str = "its Pods are gone, and what they said with them";

/// What the last attempt made of the backups, by what the Pods said, the last first.
fn tell(backup: &mut DatabaseBackup, last: Attempt, words: &[String]) {
    backup.last_attempt = Some(Time(whole(last.at)));
    if last.succeeded {
        backup.failure = None;
        backup.last_backup = backup.last_attempt.clone();
        if let Some(report) = done::<RunReport>(words) {
            backup.last_backup = Some(Time(whole(report.stop)));
            backup.backup = Some(report.backup);
            backup.oldest_restorable = Some(Time(whole(report.oldest)));
            backup.size_bytes = i64::try_from(report.size).ok();
        }
        return;
    }
    backup.failure = Some(why::<RunReport>(words));
}

/// The report of the last Pod that did its work, of what all said, the last first.
pub(super) fn done<T: DeserializeOwned>(words: &[String]) -> Option<T> {
    words.iter().find_map(|words| match Outcome::<T>::read(words)? {
        Outcome::Done(report) => Some(report),
        Outcome::Failed(_) => None,
    })
}

/// Why the last Pod did not do its work, of what all said, the last first.
pub(super) fn why<T: DeserializeOwned>(words: &[String]) -> String {
    match (words.iter().find_map(|words| Outcome::<T>::read(words)), words.first()) {
        (Some(Outcome::Failed(failure)), _) => failure.message,
        (_, Some(words)) => words.trim().to_owned(),
        (_, None) => GONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_does_not_run_where_the_backup_before_it_failed() {
        let state = |state: State, said: &str| awaited(Service::Reservation, "a-1", state, said);
        assert_eq!(state(State::Done, ""), State::Done);
        let waits = State::Waiting("migration of reservation: waits for the backup a-1".to_owned());
        assert_eq!(state(State::Waiting("Job a-1 runs".to_owned()), ""), waits);
        let failed = || State::Failed { reason: BACKUP_FAILED, message: "Job a-1 failed (why)".to_owned() };
        let told = r#"{"outcome":"failed","reason":"StorageRefused","message":"the bucket does not exist","retry":false}"#;
        for (said, part) in [(told, "the bucket does not exist"), ("killed\n", "killed"), ("", GONE)] {
            let State::Failed { reason: BACKUP_BEFORE_MIGRATION_FAILED, message } = state(failed(), said) else { panic!("{said:?}") };
            for part in [part, "migration of reservation: does not run", "Job a-1 failed (why)", "kubectl delete job a-1"] {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
    }

    #[test]
    fn an_attempt_is_told_by_what_its_pod_said() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let report = r#"{"outcome":"done","database":"auth","backup":"20261130-030003F","start":"2026-11-30T03:00:03Z","stop":"2026-11-30T03:01:00Z","oldest":"2026-11-24T03:01:00Z","size":1234,"kept":7}"#;
        let failure = r#"{"outcome":"failed","reason":"StorageRefused","message":"the bucket does not exist","retry":false}"#;
        let mut backup = DatabaseBackup::default();
        tell(&mut backup, Attempt { at: at("2026-11-30T03:01:05.7Z"), succeeded: true }, &["INFO\n".to_owned() + report]);
        let made = backup.clone();
        assert_eq!(made.last_attempt, Some(Time(at("2026-11-30T03:01:05Z"))));
        assert_eq!(made.last_backup, Some(Time(at("2026-11-30T03:01:00Z"))));
        assert_eq!((made.backup.as_deref(), made.size_bytes, made.failure.as_deref()), (Some("20261130-030003F"), Some(1234), None));
        // A failure takes nothing from what is there.
        tell(&mut backup, Attempt { at: at("2026-12-01T03:00:00Z"), succeeded: false }, &[failure.to_owned(), report.to_owned()]);
        assert_eq!((backup.failure.as_deref(), &backup.backup), (Some("the bucket does not exist"), &made.backup));
        tell(&mut backup, Attempt { at: at("2026-12-01T04:00:00Z"), succeeded: false }, &["killed".to_owned()]);
        assert_eq!(backup.failure.as_deref(), Some("killed"));
        // What is known of an earlier one stays where a Pod is gone.
        tell(&mut backup, Attempt { at: at("2026-12-01T05:00:00Z"), succeeded: true }, &[]);
        assert_eq!((backup.failure.as_deref(), backup.last_backup), (None, Some(Time(at("2026-12-01T05:00:00Z")))));
    }
}
