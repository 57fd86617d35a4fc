//! Backups and the restore in the status.

use std::time::Duration;

use backup::report::{LookReport, RestoreReport, WatchReport};
use jiff::Timestamp;
use k8s_controller::conditions::ConditionStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

use crate::api::{
    BackupStatus, ConditionType, DatabaseBackup, DatabaseRestore, DatabaseVerification, RestaurantBookingStatus, RestoreStatus,
};
use crate::reconcile::backend::database;
use crate::reconcile::observe::State;
use crate::reconcile::platform::{Backup, Platform, Restore};
use crate::reconcile::reason::{AVAILABLE, RESTORE_REFUSED, WAITING};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::timing::{NEWEST_AGAIN, NODE_LOST};

use super::{Conditions, Progress, Steps, tell, worst};

/// What the Pods of a step said.
#[derive(Clone, Debug)]
pub enum Report {
    /// The backups of a database.
    Backup(DatabaseBackup),
    /// The verification of the backups of a database.
    Verified(DatabaseVerification),
    /// How far the archives are behind.
    Behind(WatchReport),
    /// Which moments the backups lead to.
    Look(LookReport),
    /// A database was restored.
    Restored(RestoreReport),
    /// A restored database is prepared for its service.
    Prepared,
}

/// What follows from the looks at the backups of all databases.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The major version of PostgreSQL that made them.
    pub major: String,
    /// The moment to which all databases are restored; `None`: the images are to be of another version first.
    pub target: Option<Timestamp>,
}

/// The backups, as far as they are known.
pub(super) fn backups(before: &RestaurantBookingStatus, platform: &Platform, steps: &Steps) -> Option<BackupStatus> {
    let backup = platform.backup.as_ref()?;
    let location = backup.repository.location();
    // What is known of another place is of no use here.
    let before = before.backup.clone().filter(|status| status.location.as_ref() == Some(&location)).unwrap_or_default();
    let known = |service: Service| match steps.get(&Step::Backup(service)).and_then(|progress| progress.report.as_ref()) {
        Some(Report::Backup(report)) => Some(report.clone()),
        _ => before.databases.iter().find(|one| one.name == service.as_str()).cloned(),
    };
    let verification = |service: Service| match steps.get(&Step::Verify(service)).and_then(|progress| progress.report.as_ref()) {
        Some(Report::Verified(report)) => Some(report.clone()),
        _ => before.databases.iter().find(|one| one.name == service.as_str())?.verification.clone(),
    };
    let begun = || DatabaseVerification { since: Some(Time(now())), ..Default::default() };
    let of = |service| {
        let verification = backup.verify.as_ref().map(|_| verification(service).unwrap_or_else(begun));
        Some(DatabaseBackup { verification, ..known(service)? })
    };
    let databases: Vec<_> = Service::ALL.into_iter().filter_map(of).collect();
    let all = |of: fn(&DatabaseBackup) -> Option<&Time>| -> Option<Vec<&Time>> {
        let times: Vec<_> = databases.iter().filter_map(of).collect();
        (times.len() == Service::ALL.len()).then_some(times)
    };
    let last_backup = all(|one| one.last_backup.as_ref()).and_then(|times| times.into_iter().min().cloned());
    let last_verified = all(|one| one.verification.as_ref()?.last_verified.as_ref()).and_then(|times| times.into_iter().min().cloned());
    let oldest_restorable = all(|one| one.oldest_restorable.as_ref()).and_then(|times| times.into_iter().max().cloned());
    let sizes: Vec<_> = databases.iter().filter_map(|one| one.size_bytes).collect();
    let newest_restorable = oldest_restorable.as_ref().and_then(|oldest| {
        // Where there is no watcher, its step is done and tells nothing.
        let watcher = database::watcher(platform).and_then(|_| steps.get(&Step::Watcher));
        let watched = Watched::of(backup, watcher, Timestamp::now());
        newest(before.newest_restorable.as_ref().map(|known| known.0), &databases, oldest.0, &watched)
    });
    Some(BackupStatus {
        size: (!sizes.is_empty()).then(|| amount(sizes.iter().sum())),
        location: Some(location),
        last_backup,
        oldest_restorable,
        newest_restorable: newest_restorable.map(Time),
        last_verified,
        databases,
    })
}

/// The API server keeps whole seconds.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// What the watcher tells of the archives.
enum Watched<'a> {
    /// Every archive reaches this moment at least.
    Until(Timestamp),
    /// An archive is late.
    Behind(&'a WatchReport),
    /// Nothing, such as while it starts.
    Nothing,
}

impl<'a> Watched<'a> {
    /// A watcher that is ready has found each archive less than five times the loss behind that is allowed, and looks again within once that
    /// loss; its Pod counts as ready for a while after its node died.
    fn of(backup: &Backup, watcher: Option<&'a Progress>, now: Timestamp) -> Self {
        let Some(Progress { state, report, .. }) = watcher else { return Self::Nothing };
        match (state, report) {
            (_, Some(Report::Behind(report))) => Self::Behind(report),
            (State::Done, _) => Self::Until(now - Duration::from_secs(backup.max_loss) * 6 - NODE_LOST),
            _ => Self::Nothing,
        }
    }
}

/// The newest moment to which all databases can be restored, to the second, as far as it is known. `None`: none is known, since the
/// backups of one begin after what is known of the archive of another. The moment that is `known` already stays until another is so much
/// newer that it is worth a write, or is known exactly.
fn newest(known: Option<Timestamp>, databases: &[DatabaseBackup], oldest: Timestamp, watched: &Watched<'_>) -> Option<Timestamp> {
    let archived = |name: &str| match watched {
        Watched::Until(moment) => Some(*moment),
        // One that was started anew knows nothing of an archive that has stood still since.
        Watched::Behind(report) => report.databases.get(name).and_then(|behind| behind.newest).or(known),
        Watched::Nothing => known,
    };
    // A base backup ends when the log that it needs is archived.
    let reached = databases.iter().filter_map(|one| archived(&one.name).max(one.last_backup.as_ref().map(|last| last.0))).min()?;
    let reached = Timestamp::from_second(reached.as_second()).unwrap_or(reached);
    let is_exact = matches!(watched, Watched::Behind(_));
    let known = known.filter(|known| !is_exact && *known >= oldest && reached < *known + NEWEST_AGAIN);
    known.or(Some(reached)).filter(|newest| *newest >= oldest)
}

/// An amount of bytes as people read it: `1.2Gi`.
fn amount(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["", "Ki", "Mi", "Gi"];
    let (mut unit, mut tenths) = (0, bytes.saturating_mul(10));
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        (unit, tenths) = (unit + 1, tenths / 1024);
    }
    if tenths % 10 == 0 { format!("{}{}", tenths / 10, UNITS[unit]) } else { format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[unit]) }
}

/// The restore: the moment is kept from the round in which it was chosen on.
pub(super) fn restore(
    before: &RestaurantBookingStatus,
    platform: &Platform,
    steps: &Steps,
    chosen: Option<&Chosen>,
) -> Option<Box<RestoreStatus>> {
    let restore = platform.restore.as_ref()?;
    let Some(source) = restore.source() else { return before.restore.clone() };
    let mut status = before.restore.clone().filter(|status| status.source == source.hash).unwrap_or_default();
    status.source.clone_from(&source.hash);
    if let (Restore::Look(_), Some(chosen)) = (restore, chosen) {
        status.postgres_version = Some(chosen.major.clone());
        status.target_time = chosen.target.map(MicroTime);
    }
    if let Restore::To(..) = restore {
        let known = std::mem::take(&mut status.databases);
        status.databases = Service::ALL.into_iter().filter_map(|service| restored(steps, &known, service)).collect();
        let is_done = |step: &Step| steps.get(step).is_some_and(|progress| progress.state == State::Done);
        if Service::ALL.map(Step::AfterRestore).iter().all(is_done) {
            status.completed = Some(Time(now()));
        }
    }
    Some(status)
}

/// What is known of the restore of a service's database; `None`: it is neither restored, nor does it have data of its own.
fn restored(steps: &Steps, known: &[DatabaseRestore], service: Service) -> Option<DatabaseRestore> {
    let name = service.as_str().to_owned();
    let known = || known.iter().find(|one| one.name == name && one.has_data.is_none()).cloned();
    let Progress { state, report, .. } = steps.get(&Step::Restore(service))?;
    match (state, report) {
        (_, Some(Report::Restored(report))) => {
            let rows = Some(report.rows.values().sum());
            Some(DatabaseRestore { name, backup: Some(report.backup.clone()), rows, has_data: None })
        }
        // Its Pod is gone, and what it said with it.
        (State::Done, _) => known().or(Some(DatabaseRestore { name, ..Default::default() })),
        (State::Failed { reason: RESTORE_REFUSED, .. }, _) => Some(DatabaseRestore { name, has_data: Some(true), ..Default::default() }),
        _ => known(),
    }
}

/// Tells of the backups and of the restore, where there are any.
pub(super) fn conditions(
    conditions: &mut Conditions<'_>,
    platform: &Platform,
    steps: &Steps,
    backups: Option<&BackupStatus>,
    restore: Option<&RestoreStatus>,
) {
    let of = |kind: ConditionType| worst(steps, |step| step.condition() == kind);
    match &platform.backup {
        Some(backup) => match of(ConditionType::BackupReady) {
            State::Done => {
                conditions.set(ConditionType::BackupReady, ConditionStatus::True, AVAILABLE, &ready(platform, backup, backups));
            }
            state => tell(conditions, ConditionType::BackupReady, &state),
        },
        None => conditions.remove(ConditionType::BackupReady),
    }
    match (platform.backup.as_ref().and_then(|backup| backup.verify.as_ref()), of(ConditionType::BackupVerified)) {
        (Some(_), State::Done) => {
            conditions.set(ConditionType::BackupVerified, ConditionStatus::True, AVAILABLE, &verified(backups));
        }
        // Until the first has ended, nobody knows.
        (Some(_), State::Waiting(message)) => {
            conditions.set(ConditionType::BackupVerified, ConditionStatus::Unknown, WAITING, &message);
        }
        (Some(_), failed) => tell(conditions, ConditionType::BackupVerified, &failed),
        (None, _) => conditions.remove(ConditionType::BackupVerified),
    }
    match (&platform.restore, restore) {
        (Some(_), Some(status)) if status.completed.is_some() => {
            let target = status.target_time.as_ref().map(|target| target.0.to_string()).unwrap_or_default();
            let message = format!("the databases are as they were at {target}; what was written later is not in them");
            conditions.set(ConditionType::Restored, ConditionStatus::True, AVAILABLE, &message);
        }
        (Some(_), status) => {
            let state = match of(ConditionType::Restored) {
                State::Done => State::Waiting("looks at the backups".to_owned()),
                State::Waiting(message) => {
                    let target = status.and_then(|status| status.target_time.as_ref());
                    State::Waiting(target.map_or(message.clone(), |target| format!("restores to {}: {message}", target.0)))
                }
                failed => failed,
            };
            tell(conditions, ConditionType::Restored, &state);
        }
        (None, _) => conditions.remove(ConditionType::Restored),
    }
}

fn ready(platform: &Platform, backup: &Backup, status: Option<&BackupStatus>) -> String {
    let oldest = status.and_then(|status| status.oldest_restorable.as_ref());
    let from = oldest.map(|oldest| format!(", from {} on", oldest.0)).unwrap_or_default();
    match database::watcher(platform) {
        Some(_) => format!("the databases can be restored to a moment that is at most {} s ago{from}", 5 * backup.max_loss),
        None => format!(
            "CloudNativePG archives the logs, each segment after {} s at the latest; the databases can be restored{from}",
            backup.max_loss
        ),
    }
}

fn verified(status: Option<&BackupStatus>) -> String {
    let databases = status.iter().flat_map(|status| &status.databases);
    let counted = databases.filter_map(|one| {
        let verification = one.verification.as_ref()?;
        let rows = verification.rows.map_or_else(|| "its rows".to_owned(), |rows| format!("{rows} rows"));
        Some(format!("{} ({rows}, {})", one.name, verification.last_verified.as_ref()?.0))
    });
    format!("the newest backup of each database was restored and counted: {}", counted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-30T{text}Z").parse().expect("a time")
    }

    /// Base backups of the three databases that ended at these times.
    fn backed_up(ends: [&str; 3]) -> Vec<DatabaseBackup> {
        let one = |(service, end): (Service, &str)| DatabaseBackup {
            name: service.as_str().to_owned(),
            last_backup: Some(Time(at(end))),
            ..Default::default()
        };
        Service::ALL.into_iter().zip(ends).map(one).collect()
    }

    fn behind(newest: [Option<&str>; 3]) -> WatchReport {
        let of = |newest: Option<&str>| backup::report::Behind { newest: newest.map(at), ..Default::default() };
        let names = Service::ALL.map(|service| service.as_str().to_owned());
        WatchReport { databases: names.into_iter().zip(newest.map(of)).collect() }
    }

    #[test]
    fn the_newest_moment_is_one_that_all_archives_reach_and_is_never_before_the_oldest() {
        let (first, oldest) = (backed_up(["09:01:00", "09:03:00", "09:05:00"]), at("09:05:00"));
        // The first backup of one ended after the archive of another was last heard of.
        assert_eq!(newest(None, &first, oldest, &Watched::Nothing), None);
        assert_eq!(newest(None, &first, oldest, &Watched::Until(at("09:04:00"))), None);
        assert_eq!(newest(None, &first, oldest, &Watched::Until(at("09:06:30.7"))), Some(at("09:06:30")));
        // Where the backups are newer than what the watcher vouches for, they tell it.
        let together = backed_up(["09:05:00"; 3]);
        assert_eq!(newest(None, &together, oldest, &Watched::Until(at("09:04:00"))), Some(oldest));
        // Once retention has moved the oldest beyond what was known, that counts no more.
        assert_eq!(newest(Some(at("08:00:00")), &together, oldest, &Watched::Nothing), Some(oldest));
    }

    #[test]
    fn the_newest_moment_is_written_again_only_when_it_is_worth_it() {
        let (backups, oldest) = (backed_up(["09:00:00"; 3]), at("09:00:00"));
        let next = |known: &str, watched: &Watched<'_>| newest(Some(at(known)), &backups, oldest, watched);
        assert_eq!(next("10:00:00", &Watched::Until(at("10:04:59"))), Some(at("10:00:00")));
        assert_eq!(next("10:00:00", &Watched::Until(at("10:05:00"))), Some(at("10:05:00")));
        // It does not go back, unless the watcher knows better.
        assert_eq!(next("10:00:00", &Watched::Until(at("09:30:00"))), Some(at("10:00:00")));
        assert_eq!(next("10:00:00", &Watched::Nothing), Some(at("10:00:00")));
        let report = behind([Some("10:02:00"), Some("10:01:00.5"), Some("10:03:00")]);
        assert_eq!(next("10:00:00", &Watched::Behind(&report)), Some(at("10:01:00")));
        // A watcher that was started anew has forgotten what it knew of the archive that is late.
        assert_eq!(next("10:01:00", &Watched::Behind(&behind([None, Some("10:20:00"), None]))), Some(at("10:01:00")));
    }

    #[test]
    fn sizes_are_read_by_people() {
        for (bytes, text) in [(0, "0"), (1023, "1023"), (1024, "1Ki"), (1536, "1.5Ki"), (1_288_490_189, "1.2Gi"), (1 << 41, "2048Gi")] {
            assert_eq!(amount(bytes), text, "{bytes}");
        }
    }
}
