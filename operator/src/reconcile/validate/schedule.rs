//! Schedules, as a CronJob takes them (<https://en.wikipedia.org/wiki/Cron>).

use std::time::Duration;

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

/// How long nothing is due at most, by the coarsest field that a schedule restricts.
pub(super) fn longest_pause(schedule: &str) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let parts: Vec<_> = schedule.split_whitespace().collect();
    let restricts = |field: usize| parts.get(field).is_some_and(|part| !matches!(*part, "*" | "?"));
    let (by_day, by_month, by_weekday) = (restricts(2), restricts(3), restricts(4));
    if by_month {
        return 366 * DAY;
    }
    // Where both are given, either will do. Not every month has every day.
    if by_weekday {
        7 * DAY
    } else if by_day {
        62 * DAY
    } else {
        DAY
    }
}

impl Field {
    /// Whether this is a number, a range or `*`, with a step or without.
    fn admits(&self, item: &str) -> bool {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
            return false;
        }
        match range.split_once('-') {
            None if range == "*" || range == "?" => true,
            None => self.number(range).is_some(),
            Some((from, to)) => self.number(from).zip(self.number(to)).is_some_and(|(from, to)| from <= to),
        }
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
    fn the_longest_pause_is_that_of_the_coarsest_field() {
        for (schedule, days) in
            [("0 5 * * *", 1), ("*/5 * ? * ?", 1), ("0 5 * * 1", 7), ("0 5 1 * mon", 7), ("0 5 31 * *", 62), ("0 5 1 1 *", 366)]
        {
            assert_eq!(longest_pause(schedule), Duration::from_secs(days * 24 * 60 * 60), "{schedule}");
        }
    }

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
}
