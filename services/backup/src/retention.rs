//! How many backups are kept.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::settings::{Problems, given};

/// How many backups are kept, as it is given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RetentionArgs {
    /// How many backups are kept at least, 1 to 1000
    #[arg(long, env = "BACKUP_RETENTION_COUNT", value_name = "N")]
    backup_retention_count: Option<String>,
    /// How far back the database can be restored at least, such as 30d: older backups are kept as long as they are needed for that
    #[arg(long, env = "BACKUP_RETENTION_AGE", value_name = "DURATION")]
    backup_retention_age: Option<String>,
}

/// How many backups are kept. One goes when neither wants it; the newest stays in any case. Without any bound all are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retention {
    count: Option<usize>,
    age: Option<Duration>,
}

impl RetentionArgs {
    pub(crate) fn check(&self, problems: &mut Problems) -> Retention {
        let count = given(self.backup_retention_count.as_deref()).and_then(|text| {
            let count = text.parse().ok().filter(|count| (1..=1000).contains(count));
            if count.is_none() {
                problems.add("BACKUP_RETENTION_COUNT", format!("is {text:?}; it must be a whole number from 1 to 1000"));
            }
            count
        });
        let age = given(self.backup_retention_age.as_deref())
            .map(|text| problems.duration("BACKUP_RETENTION_AGE", Some(text), Duration::from_secs(1)));
        Retention { count, age }
    }
}

impl Retention {
    /// How many of the backups that ended at these moments are kept, counted from the newest; the oldest comes first. `None`: all.
    pub(crate) fn kept(self, ends: &[Timestamp], now: Timestamp) -> Option<usize> {
        let of_age = self.age.map(|age| {
            let since = now.saturating_sub(age).unwrap_or(Timestamp::MIN);
            // The newest one that ended before it is what a restore to that moment begins with.
            ends.iter().rev().take_while(|end| **end > since).count() + 1
        });
        let wanted = self.count.into_iter().chain(of_age).max()?;
        Some(wanted.clamp(1, ends.len().max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neither_count_nor_age_wants_goes() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().expect("a time");
        let days_ago = |days: u64| now - Duration::from_secs(days * 24 * 3600);
        let ends: Vec<Timestamp> = (0..10).rev().map(days_ago).collect();
        let kept =
            |count, days: Option<u64>| Retention { count, age: days.map(|days| Duration::from_secs(days * 24 * 3600)) }.kept(&ends, now);
        assert_eq!(kept(None, None), None);
        assert_eq!(kept(Some(3), None), Some(3));
        assert_eq!(kept(Some(30), None), Some(10));
        // Those of today, yesterday and the day before, and the one that ended just as long ago: from it every later moment can be had.
        assert_eq!(kept(None, Some(3)), Some(4));
        assert_eq!(kept(Some(7), Some(3)), Some(7));
        assert_eq!(kept(Some(2), Some(3)), Some(4));
        assert_eq!(Retention { count: None, age: Some(Duration::from_secs(1)) }.kept(&ends[..1], now), Some(1));
    }
}
