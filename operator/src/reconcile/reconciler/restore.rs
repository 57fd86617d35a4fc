//! The restore of a resource: what its Jobs said, and the one moment that follows from it.

use std::collections::BTreeSet;

use backup::report::{Failure as Told, LookReport, Outcome, Reason, RestoreReport};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::reconcile::apply::Applier;
use crate::reconcile::failure::Failure;
use crate::reconcile::kind::Kind;
use crate::reconcile::observe::{State, version_of_image};
use crate::reconcile::platform::{Platform, Restore};
use crate::reconcile::reason::{BACKUP_NOT_FOUND, POSTGRES_UPGRADE_NEEDED, RESTORE_FAILED, RESTORE_REFUSED, TARGET_NOT_RESTORABLE};
use crate::reconcile::service::Service;
use crate::reconcile::status::{Chosen, Report, Steps};
use crate::reconcile::step::Step;
use crate::reconcile::volume::major;
use crate::reconcile::wanted::Wanted;

use super::Round;

impl Round<'_> {
    /// The state of a step of the restore whose Job has ended, by what its Pod said.
    pub(super) async fn restored(
        &self,
        applier: &Applier<'_>,
        step: Step,
        objects: &[&Wanted],
        state: State,
    ) -> Result<(State, Option<Report>), Failure> {
        let Some(job) = objects.iter().find(|object| object.kind == Kind::Job) else { return Ok((state, None)) };
        let Some(said) = self.said_at_end(applier, step, &job.name, &state).await? else { return Ok((state, None)) };
        Ok(match step {
            Step::Look(_) => judged::<LookReport>(&job.name, state, &said, true, Report::Look),
            Step::Restore(_) => judged::<RestoreReport>(&job.name, state, &said, false, Report::Restored),
            _ => judged::<serde_json::Value>(&job.name, state, &said, false, |_| Report::Prepared),
        })
    }

    /// What the Pod of a Job said that has ended, which is read once; `None`: it has not ended.
    pub(super) async fn said_at_end(&self, applier: &Applier<'_>, step: Step, job: &str, state: &State) -> Result<Option<String>, Failure> {
        if matches!(state, State::Waiting(_)) {
            // A Job that runs again says something else.
            self.context.remember(self.owner, |remembered| remembered.reports.remove(job));
            return Ok(None);
        }
        let known = self.context.remember(self.owner, |remembered| remembered.reports.get(job).cloned());
        if known.is_some() {
            return Ok(known);
        }
        let said = applier.said(step, job).await?.unwrap_or_default();
        self.context.remember(self.owner, |remembered| remembered.reports.insert(job.to_owned(), said.clone()));
        Ok(Some(said))
    }
}

/// What a Job said that has ended. Without a report, one that succeeded has done its work, unless the report is the work.
fn judged<T: DeserializeOwned>(
    job: &str,
    state: State,
    said: &str,
    needs_report: bool,
    as_report: impl FnOnce(T) -> Report,
) -> (State, Option<Report>) {
    let again = format!("After you have mended it, delete the Job to have it run again: kubectl delete job {job}");
    match (state, Outcome::<T>::read(said)) {
        (State::Done, Some(Outcome::Done(report))) => (State::Done, Some(as_report(report))),
        (State::Done, _) if !needs_report => (State::Done, None),
        (State::Done, _) => {
            let message = format!("Job {job} has ended, and what it found cannot be read ({:?}). {again}", said.trim());
            (State::Failed { reason: RESTORE_FAILED, message }, None)
        }
        (State::Failed { message, .. }, Some(Outcome::Failed(told))) => {
            (State::Failed { reason: reason(&told), message: format!("{message}: {}. {again}", told.message.trim_end_matches('.')) }, None)
        }
        (State::Failed { reason, message }, _) => (State::Failed { reason, message: format!("{message}: {}. {again}", said.trim()) }, None),
        (state, _) => (state, None),
    }
}

fn reason(told: &Told) -> &'static str {
    match told.reason {
        Reason::HasData => RESTORE_REFUSED,
        Reason::TargetNotRestorable => TARGET_NOT_RESTORABLE,
        Reason::BackupNotFound => BACKUP_NOT_FOUND,
        _ => RESTORE_FAILED,
    }
}

/// What follows from the looks at all three backups: the moment, the version that can read them, or why there is none, as the state of the
/// looks. The moment holds only once the status has it.
pub(super) fn choose(platform: &Platform, steps: &mut Steps) -> Option<Chosen> {
    let Some(Restore::Look(source)) = &platform.restore else { return None };
    let looks: Vec<_> = Service::ALL
        .into_iter()
        .filter_map(|service| match &steps.get(&Step::Look(service))?.report {
            Some(Report::Look(report)) => Some(report.clone()),
            _ => None,
        })
        .collect();
    if looks.len() < Service::ALL.len() {
        return None;
    }
    let runs: BTreeSet<_> = Service::ALL.into_iter().filter_map(|service| image_major(platform, service)).collect();
    let chosen = moment(&looks, &runs, source.asked, source.follows_version);
    match chosen {
        Ok(chosen) => Some(chosen),
        Err((reason, message)) => {
            // It concerns all three, and is told once.
            if let Some(look) = steps.get_mut(&Step::Look(Service::ALL[0])) {
                look.state = State::Failed { reason, message };
            }
            None
        }
    }
}

/// The major version of a service's database as it would be started.
fn image_major(platform: &Platform, service: Service) -> Option<u32> {
    let image = crate::reconcile::backend::database::of(platform).image_of(service)?;
    version_of_image(image).map(major)?.parse().ok()
}

/// The moment to which all three databases can be restored, or why there is none.
fn moment(
    looks: &[LookReport],
    runs: &BTreeSet<u32>,
    asked: Option<Timestamp>,
    follows_version: bool,
) -> Result<Chosen, (&'static str, String)> {
    let majors: BTreeSet<_> = looks.iter().map(|look| look.major).collect();
    let versions = || majors.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    if majors.len() > 1 {
        let message =
            format!("the backups are of several versions of PostgreSQL ({}); restore such as were made by one resource", versions());
        return Err((RESTORE_FAILED, message));
    }
    if *runs != majors {
        if follows_version {
            return Ok(Chosen { major: versions(), target: None });
        }
        let message = format!(
            "the backups are of PostgreSQL {}, which no other major version reads; set spec.postgres.managed.version to {:?}, or leave it out",
            versions(),
            versions()
        );
        return Err((POSTGRES_UPGRADE_NEEDED, message));
    }
    if let Some(look) = looks.iter().find(|look| look.newest.is_none()) {
        return Err((
            RESTORE_FAILED,
            format!("the log of {} could not be read by its own version of PostgreSQL, {}", look.database, versions()),
        ));
    }
    let oldest = looks.iter().map(|look| look.oldest).max().unwrap_or(Timestamp::MAX);
    let newest = looks.iter().filter_map(|look| look.newest).min().unwrap_or(Timestamp::MIN);
    let target = asked.unwrap_or(newest);
    if !(oldest..=newest).contains(&target) {
        let message = if oldest <= newest {
            format!("the three backups lead to every moment from {oldest} to {newest}, and {target} is none of these")
        } else {
            format!("the backups of the three databases have no moment in common: the first begins at {oldest}, the last ends at {newest}")
        };
        return Err((TARGET_NOT_RESTORABLE, message));
    }
    Ok(Chosen { major: versions(), target: Some(target) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(database: &str, major: u32, oldest: &str, newest: &str) -> LookReport {
        LookReport {
            database: database.to_owned(),
            major,
            oldest: oldest.parse().expect("a time"),
            newest: Some(newest.parse().expect("a time")),
            backup: "20261130-030003F".to_owned(),
            encrypted: false,
            size: 1,
        }
    }

    fn three() -> Vec<LookReport> {
        vec![
            look("auth", 17, "2026-11-24T03:00:00Z", "2026-11-30T10:00:00.123456Z"),
            look("menu", 17, "2026-11-25T03:00:00Z", "2026-11-30T09:59:30.5Z"),
            look("reservation", 17, "2026-11-23T03:00:00Z", "2026-11-30T10:00:10Z"),
        ]
    }

    #[test]
    fn the_moment_is_one_that_all_three_have() {
        let run = BTreeSet::from([17]);
        let target = |asked: Option<&str>| moment(&three(), &run, asked.map(|text| text.parse().expect("a time")), true);
        let newest: Timestamp = "2026-11-30T09:59:30.5Z".parse().expect("a time");
        assert_eq!(target(None), Ok(Chosen { major: "17".to_owned(), target: Some(newest) }));
        let asked = "2026-11-28T12:00:00+01:00";
        assert_eq!(target(Some(asked)).map(|chosen| chosen.target), Ok(Some(asked.parse().expect("a time"))));
        for outside in ["2026-11-25T02:59:59Z", "2026-11-30T09:59:31Z"] {
            let Err((reason, message)) = target(Some(outside)) else { panic!("{outside}") };
            assert_eq!(reason, TARGET_NOT_RESTORABLE);
            assert!(message.contains("from 2026-11-25T03:00:00Z to 2026-11-30T09:59:30.5Z"), "{message}");
        }
        let mut apart = three();
        apart[1] = look("menu", 17, "2026-12-01T03:00:00Z", "2026-12-01T04:00:00Z");
        let Err((TARGET_NOT_RESTORABLE, message)) = moment(&apart, &run, None, true) else { panic!("a moment") };
        assert!(message.contains("no moment in common"), "{message}");
    }

    #[test]
    fn the_images_follow_the_version_of_the_backups_where_none_is_named() {
        let run = BTreeSet::from([16]);
        assert_eq!(moment(&three(), &run, None, true), Ok(Chosen { major: "17".to_owned(), target: None }));
        let Err((POSTGRES_UPGRADE_NEEDED, message)) = moment(&three(), &run, None, false) else { panic!("a moment") };
        assert!(message.contains("spec.postgres.managed.version to \"17\""), "{message}");
        // The tool of another version reads no log.
        let mut unread = three();
        unread.iter_mut().for_each(|look| look.newest = None);
        assert_eq!(moment(&unread, &run, None, true), Ok(Chosen { major: "17".to_owned(), target: None }));
        let mut mixed = three();
        mixed[2].major = 16;
        assert!(matches!(moment(&mixed, &run, None, true), Err((RESTORE_FAILED, _))));
    }

    #[test]
    fn a_job_is_judged_by_what_it_said() {
        let failed = || State::Failed { reason: RESTORE_FAILED, message: "Job a failed (why)".to_owned() };
        let said = |reason: &str| format!(r#"{{"outcome":"failed","reason":"{reason}","message":"there is a database","retry":false}}"#);
        let judge = |state: State, said: &str, needs: bool| judged::<RestoreReport>("a", state, said, needs, Report::Restored).0;
        for (told, expected) in [
            ("HasData", RESTORE_REFUSED),
            ("BackupNotFound", BACKUP_NOT_FOUND),
            ("TargetNotRestorable", TARGET_NOT_RESTORABLE),
            ("EncryptionKey", RESTORE_FAILED),
        ] {
            let State::Failed { reason, message } = judge(failed(), &said(told), false) else { panic!("{told}") };
            assert_eq!(reason, expected);
            assert!(message.contains("there is a database") && message.contains("kubectl delete job a"), "{message}");
        }
        assert_eq!(judge(State::Done, "no report", false), State::Done);
        assert!(matches!(judge(State::Done, "no report", true), State::Failed { reason: RESTORE_FAILED, .. }));
    }
}
