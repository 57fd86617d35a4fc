//! Backups and the restore in the status.

use backup::report::{LookReport, RestoreReport, WatchReport};
use jiff::Timestamp;
use k8s_controller::conditions::ConditionStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

use crate::api::{BackupStatus, ConditionType, DatabaseBackup, DatabaseRestore, RestaurantBookingStatus, RestoreStatus};
use crate::reconcile::backend::database;
use crate::reconcile::observe::State;
use crate::reconcile::platform::{Backup, Platform, Restore};
use crate::reconcile::reason::AVAILABLE;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::{Conditions, Steps, tell, worst};

/// What the Pods of a step said.
#[derive(Clone, Debug)]
pub enum Report {
    /// The backups of a database.
    Backup(DatabaseBackup),
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
    let databases: Vec<_> = Service::ALL.into_iter().filter_map(known).collect();
    let all = |of: fn(&DatabaseBackup) -> Option<&Time>| -> Option<Vec<&Time>> {
        let times: Vec<_> = databases.iter().filter_map(of).collect();
        (times.len() == Service::ALL.len()).then_some(times)
    };
    let last_backup = all(|one| one.last_backup.as_ref()).and_then(|times| times.into_iter().min().cloned());
    let oldest_restorable = all(|one| one.oldest_restorable.as_ref()).and_then(|times| times.into_iter().max().cloned());
    let sizes: Vec<_> = databases.iter().filter_map(|one| one.size_bytes).collect();
    let late = steps.get(&Step::Watcher).and_then(|progress| match &progress.report {
        Some(Report::Behind(report)) => report.databases.values().filter_map(|behind| behind.newest).min(),
        _ => None,
    });
    let newest_restorable = match (late, &last_backup) {
        (Some(late), _) => Some(Time(Timestamp::from_second(late.as_second()).unwrap_or(late))),
        (None, Some(last)) => before.newest_restorable.filter(|known| known >= last).or_else(|| Some(last.clone())),
        (None, None) => before.newest_restorable,
    };
    Some(BackupStatus {
        size: (!sizes.is_empty()).then(|| amount(sizes.iter().sum())),
        location: Some(location),
        last_backup,
        oldest_restorable,
        newest_restorable,
        databases,
    })
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
) -> Option<RestoreStatus> {
    let restore = platform.restore.as_ref()?;
    let Some(source) = restore.source() else { return before.restore.clone() };
    let mut status = before.restore.clone().filter(|status| status.source == source.hash).unwrap_or_default();
    status.source.clone_from(&source.hash);
    if let (Restore::Look(_), Some(chosen)) = (restore, chosen) {
        status.postgres_version = Some(chosen.major.clone());
        status.target_time = chosen.target.map(MicroTime);
    }
    if let Restore::To(..) = restore {
        for service in Service::ALL {
            if let Some(Report::Restored(report)) = steps.get(&Step::Restore(service)).and_then(|progress| progress.report.as_ref()) {
                status.databases.retain(|one| one.name != service.as_str());
                status.databases.push(DatabaseRestore {
                    name: service.as_str().to_owned(),
                    backup: Some(report.backup.clone()),
                    rows: Some(report.rows.values().sum()),
                });
            }
        }
        status.databases.sort_by(|one, other| one.name.cmp(&other.name));
        let is_done = |step: &Step| steps.get(step).is_some_and(|progress| progress.state == State::Done);
        if Service::ALL.map(Step::AfterRestore).iter().all(is_done) {
            let now = Timestamp::now();
            status.completed = Some(Time(Timestamp::from_second(now.as_second()).unwrap_or(now)));
        }
    }
    Some(status)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_by_people() {
        for (bytes, text) in [(0, "0"), (1023, "1023"), (1024, "1Ki"), (1536, "1.5Ki"), (1_288_490_189, "1.2Gi"), (1 << 41, "2048Gi")] {
            assert_eq!(amount(bytes), text, "{bytes}");
        }
    }
}
