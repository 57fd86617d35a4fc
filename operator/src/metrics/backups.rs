//! The backups and the restore of each resource, a series each.

use prometheus::{IntGaugeVec, Opts, Registry};

/// The backups and the restore of a resource. `None`: the resource has none, or it is not known; there is no series of it then.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Backups {
    /// Whether BackupReady is True.
    pub ready: Option<bool>,
    /// The longest time from one base backup to the next by the schedule, in seconds.
    pub period: Option<i64>,
    /// When the newest base backup that all databases have ended, in seconds since 1970.
    pub last_completed: Option<i64>,
    /// When the backups were last restored and counted, in seconds since 1970.
    pub last_verified: Option<i64>,
    /// Whether BackupVerified is True; `None` also until the first verification has ended.
    pub verified: Option<bool>,
    /// The oldest moment to which all databases can be restored, in seconds since 1970.
    pub oldest_restorable: Option<i64>,
    /// The newest such moment that is known, in seconds since 1970.
    pub newest_restorable: Option<i64>,
    /// The size of all kept base backups, in bytes.
    pub size: Option<i64>,
    /// Whether the restore failed or was refused.
    pub restore_failed: Option<bool>,
}

/// The series of all resources.
pub(super) struct Gauges {
    ready: IntGaugeVec,
    period: IntGaugeVec,
    last_completed: IntGaugeVec,
    last_verified: IntGaugeVec,
    verified: IntGaugeVec,
    oldest_restorable: IntGaugeVec,
    newest_restorable: IntGaugeVec,
    size: IntGaugeVec,
    restore_failed: IntGaugeVec,
}

impl Gauges {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), &["namespace", "name"]).expect("a name and labels that Prometheus takes");
            registry.register(Box::new(gauge.clone())).expect("a name of its own");
            gauge
        };
        Self {
            ready: gauge("operator_backup_ready", "1 while BackupReady of a resource is True, else 0"),
            period: gauge("operator_backup_period_seconds", "The longest time from one base backup to the next by the schedule"),
            last_completed: gauge(
                "operator_backup_last_completed_timestamp_seconds",
                "When the newest base backup that all three databases have ended",
            ),
            last_verified: gauge("operator_backup_last_verified_timestamp_seconds", "When the backups were last restored and counted"),
            verified: gauge("operator_backup_verified", "1 while BackupVerified of a resource is True, 0 while it is False"),
            oldest_restorable: gauge(
                "operator_backup_oldest_restorable_timestamp_seconds",
                "The oldest moment to which all three databases can be restored",
            ),
            newest_restorable: gauge(
                "operator_backup_newest_restorable_timestamp_seconds",
                "A moment to which all three databases can be restored, which is minutes old",
            ),
            size: gauge("operator_backup_size_bytes", "The size of all kept base backups, as they are stored"),
            restore_failed: gauge("operator_restore_failed", "1 while the restore of a resource has failed or is refused, else 0"),
        }
    }

    /// Shows what is known of a resource, and removes the other series of it.
    pub(super) fn show(&self, namespace: &str, name: &str, backups: &Backups) {
        let show = |gauge: &IntGaugeVec, value: Option<i64>| match value {
            Some(value) => gauge.with_label_values(&[namespace, name]).set(value),
            // It may not have been there.
            None => drop(gauge.remove_label_values(&[namespace, name])),
        };
        show(&self.ready, backups.ready.map(i64::from));
        show(&self.period, backups.period);
        show(&self.last_completed, backups.last_completed);
        show(&self.last_verified, backups.last_verified);
        show(&self.verified, backups.verified.map(i64::from));
        show(&self.oldest_restorable, backups.oldest_restorable);
        show(&self.newest_restorable, backups.newest_restorable);
        show(&self.size, backups.size);
        show(&self.restore_failed, backups.restore_failed.map(i64::from));
    }
}
