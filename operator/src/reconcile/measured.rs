//! What metrics tell of the backups and of the restore of a resource, by its spec and its status. Pure.

use k8s_controller::conditions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{ConditionType, RestaurantBookingSpec, RestaurantBookingStatus};
use crate::metrics::Backups;

use super::reason::WAITING;
use super::validate::schedule::{NIGHTLY, longest_pause};

/// The condition of the verification of backups.
const VERIFIED: &str = "BackupVerified";

/// The backups and the restore of a resource.
pub(crate) fn backups(spec: &RestaurantBookingSpec, status: &RestaurantBookingStatus) -> Backups {
    let find = |kind: &str| conditions::find(&status.conditions, kind);
    let restored = spec.restore.as_ref().and_then(|_| find(ConditionType::Restored.as_str()));
    let restore_failed = restored.map(|restored| restored.status == "False" && restored.reason != WAITING);
    let Some(backup) = &spec.backup else { return Backups { restore_failed, ..Default::default() } };
    let known = status.backup.clone().unwrap_or_default();
    let seconds = |time: Option<&Time>| time.map(|time| time.0.as_second());
    let sizes: Vec<_> = known.databases.iter().filter_map(|database| database.size_bytes).collect();
    Backups {
        ready: Some(find(ConditionType::BackupReady.as_str()).is_some_and(|ready| ready.status == "True")),
        period: i64::try_from(longest_pause(backup.schedule.as_deref().unwrap_or(NIGHTLY)).as_secs()).ok(),
        last_completed: seconds(known.last_backup.as_ref()),
        last_verified: seconds(known.last_verified.as_ref()),
        verified: find(VERIFIED).filter(|verified| verified.status != "Unknown").map(|verified| verified.status == "True"),
        oldest_restorable: seconds(known.oldest_restorable.as_ref()),
        newest_restorable: seconds(known.newest_restorable.as_ref()),
        size: (!sizes.is_empty()).then(|| sizes.iter().sum()),
        restore_failed,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

    use crate::api::{Backup, BackupStatus, DatabaseBackup, Restore};

    use super::*;

    fn condition(kind: &str, status: &str, reason: &str) -> Condition {
        Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }
    }

    fn spec(backup: Option<Backup>, restore: Option<Restore>) -> RestaurantBookingSpec {
        RestaurantBookingSpec { backup: backup.map(Box::new), restore: restore.map(Box::new), ..Default::default() }
    }

    #[test]
    fn the_status_is_told_in_seconds_and_bytes() {
        let at = |second: i64| Some(Time(Timestamp::from_second(second).expect("a time")));
        let database = |size_bytes: i64| DatabaseBackup { size_bytes: Some(size_bytes), ..Default::default() };
        let status = RestaurantBookingStatus {
            conditions: vec![condition("BackupReady", "True", "Available"), condition(VERIFIED, "False", "VerificationFailed")],
            backup: Some(Box::new(BackupStatus {
                last_backup: at(2000),
                last_verified: at(1500),
                oldest_restorable: at(1000),
                newest_restorable: at(3000),
                databases: vec![database(1), database(2), database(4)],
                ..Default::default()
            })),
            ..Default::default()
        };
        let told = Backups {
            ready: Some(true),
            period: Some(86_400),
            last_completed: Some(2000),
            last_verified: Some(1500),
            verified: Some(false),
            oldest_restorable: Some(1000),
            newest_restorable: Some(3000),
            size: Some(7),
            restore_failed: None,
        };
        assert_eq!(backups(&spec(Some(Backup::default()), None), &status), told);
        let weekly = Backup { schedule: Some("0 4 * * 0".to_owned()), ..Default::default() };
        assert_eq!(backups(&spec(Some(weekly), None), &status), Backups { period: Some(7 * 86_400), ..told });
        // What is left in the status of backups that the resource does not ask for any more is not told.
        assert_eq!(backups(&spec(None, None), &status), Backups::default());
    }

    #[test]
    fn what_waits_has_not_failed() {
        let told = |conditions: Vec<Condition>| {
            let status = RestaurantBookingStatus { conditions, ..Default::default() };
            backups(&spec(Some(Backup::default()), Some(Restore::default())), &status)
        };
        let before = told(Vec::new());
        assert_eq!((before.ready, before.verified, before.restore_failed), (Some(false), None, None));
        let waiting = [("BackupReady", "False"), (VERIFIED, "Unknown"), ("Restored", "False")];
        let waiting = told(waiting.map(|(kind, status)| condition(kind, status, WAITING)).into());
        assert_eq!((waiting.ready, waiting.verified, waiting.restore_failed), (Some(false), None, Some(false)));
        assert_eq!(told(vec![condition(VERIFIED, "True", "Available")]).verified, Some(true));
        assert_eq!(told(vec![condition("Restored", "False", "RestoreRefused")]).restore_failed, Some(true));
        assert_eq!(told(vec![condition("Restored", "True", "Available")]).restore_failed, Some(false));
    }
}
