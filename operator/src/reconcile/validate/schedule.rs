//! Schedules, as a CronJob takes them (<https://en.wikipedia.org/wiki/Cron>).

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

/// The schedule of base backups where the resource has none: at four each morning.
pub(crate) const NIGHTLY: &str = "0 4 * * *";

/// A field: its name, its least and greatest number, and the names that stand for the numbers from the least on.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, words: &[] },
    Field { name: "hour", least: 0, most: 23, words: &[] },
    Field { name: "day of the month", least: 1, most: 31, words: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "day of the week", least: 0, most: 6, words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// What is wrong with a schedule; `None`: nothing.
pub(super) fn fault(schedule: &str) -> Option<String> {
    let parts: Vec<_> = schedule.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Some(format!("it has {} fields; it must have 5: minute, hour, day of the month, month, day of the week", parts.len()));
    }
    parts.iter().zip(&FIELDS).find_map(|(part, field)| {
        let wrong = part.split(',').find(|item| !field.admits(item))?;
        Some(format!(
            "{wrong:?} is no {}; it must be *, a number from {} to {}, a range such as {}-{}, or one of these with a step such as */2",
            field.name, field.least, field.most, field.least, field.most
        ))
    })
}

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
/// The days of eight years, two of which are leap years. A schedule without two days in these is taken for one of every eight years.
const DAYS: usize = 8 * 365 + 2;

/// How long nothing is due at most: the most days from one day of a schedule to the next.
///
/// As Kubernetes reads it, a day is one of the month and of the week, where either is free, and else one of the month or of the week
/// (<https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format>).
pub(crate) fn longest_pause(schedule: &str) -> Duration {
    let days = days(schedule).unwrap_or_default();
    let pause = days.windows(2).map(|pair| pair[1] - pair[0]).max();
    Duration::from_secs(DAY * pause.unwrap_or(DAYS) as u64)
}

/// The days of a schedule within eight years. `None`: it is faulty.
fn days(schedule: &str) -> Option<Vec<usize>> {
    let parts: Vec<_> = schedule.split_whitespace().collect();
    let [_, _, of_month, months, of_week] = parts[..] else { return None };
    let is_free = [of_month, of_week].iter().any(|part| matches!(*part, "*" | "?"));
    let (of_month, months, of_week) = (FIELDS[2].numbers(of_month)?, FIELDS[3].numbers(months)?, FIELDS[4].numbers(of_week)?);
    let is_due = |day: Date| {
        let is_in = |numbers: u64, number: i8| (numbers >> number) & 1 == 1;
        let is_of_month = is_in(of_month, day.day());
        let is_of_week = is_in(of_week, day.weekday().to_sunday_zero_offset());
        is_in(months, day.month()) && if is_free { is_of_month && is_of_week } else { is_of_month || is_of_week }
    };
    let days = date(2001, 1, 1).series(1.day()).take(DAYS);
    Some(days.enumerate().filter(|(_, day)| is_due(*day)).map(|(number, _)| number).collect())
}

impl Field {
    /// The numbers of a list, a bit each. `None`: an item is not admitted.
    fn numbers(&self, list: &str) -> Option<u64> {
        list.split(',').try_fold(0, |all, item| Some(all | self.item(item)?))
    }

    /// Whether this is a number, a range or `*`, with a step or without.
    fn admits(&self, item: &str) -> bool {
        self.item(item).is_some()
    }

    /// The numbers of a number, a range or `*`, with a step or without.
    fn item(&self, item: &str) -> Option<u64> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (item, None),
        };
        let (from, to) = match range.split_once('-') {
            None if range == "*" || range == "?" => (self.least, self.most),
            // With a step, a number is where it begins.
            None => self.number(range).map(|from| (from, if step.is_some() { self.most } else { from }))?,
            Some((from, to)) => self.number(from).zip(self.number(to)).filter(|(from, to)| from <= to)?,
        };
        Some((from..=to).step_by(step.unwrap_or(1).try_into().ok()?).fold(0, |all, number| all | 1 << number))
    }

    fn number(&self, text: &str) -> Option<u32> {
        if let Some(at) = self.words.iter().position(|word| text.eq_ignore_ascii_case(word)) {
            return Some(self.least + u32::try_from(at).ok()?);
        }
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && (self.least..=self.most).contains(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_has_five_fields_each_in_its_bounds() {
        for right in ["0 4 * * *", "*/15 0-6,22-23 1,15 JAN-jun mon-fri", "59 23 31 12 6", "0 4 ? * ?", "0 0-23/2 * * 0"] {
            assert_eq!(fault(right), None, "{right}");
        }
        for (wrong, said) in [
            ("0 4 * *", "it has 4 fields"),
            ("60 4 * * *", "\"60\" is no minute"),
            ("0 24 * * *", "\"24\" is no hour"),
            ("0 4 0 * *", "\"0\" is no day of the month"),
            ("0 4 * 13 *", "\"13\" is no month"),
            ("0 4 * * 7", "\"7\" is no day of the week"),
            ("0 4 * * fri-mon", "\"fri-mon\" is no day of the week"),
            ("*/0 4 * * *", "\"*/0\" is no minute"),
            ("+5 4 * * *", "\"+5\" is no minute"),
            ("@daily x x x x", "\"@daily\" is no minute"),
        ] {
            assert!(fault(wrong).is_some_and(|fault| fault.starts_with(said)), "{wrong}: {:?}", fault(wrong));
        }
    }

    #[test]
    fn the_longest_pause_is_that_between_two_days_of_the_schedule() {
        for (schedule, days) in [
            (NIGHTLY, 1),
            ("*/15 0-6 ? * ?", 1),
            ("30 3 * * 1-6", 2),
            ("0 4 * * SUN", 7),
            ("0 4 1,15 * *", 17),
            ("0 4 1 * *", 31),
            ("0 4 1 jan-jun *", 214),
            ("0 4 29 2 *", 1461),
            // Where both are given, either will do.
            ("0 4 1 * 0", 7),
            ("0 4 20/5 * *", 24),
            ("0 4 31 * *", 61),
            ("0 4 31 2 *", 2922),
        ] {
            assert_eq!(longest_pause(schedule), Duration::from_secs(DAY * days), "{schedule}");
        }
    }
}
