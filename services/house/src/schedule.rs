//! When a restaurant is open: the services of a week, and the dates that are different.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{Clock, DAY};

/// One of the meals that a restaurant serves, such as dinner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// What it is called.
    pub name: String,
    /// When its first party may be seated.
    pub opens: Clock,
    /// When its last party may be seated. Before `opens`, it is the next day's.
    pub last_seating: Clock,
    /// When it ends. Not after `opens`, it is the next day's.
    pub closes: Clock,
    /// The distance of the times at which bookings begin, in minutes, in place of the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_minutes: Option<i32>,
    /// Whether guests may book; the staff always may.
    #[serde(default = "yes")]
    pub online: bool,
    /// The smallest party that is taken, in place of the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_party: Option<i32>,
    /// The largest party that is taken, in place of the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_party: Option<i32>,
}

fn yes() -> bool {
    true
}

/// A service of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weekly {
    /// The days on which it begins.
    pub days: Vec<Day>,
    /// The service.
    #[serde(flatten)]
    pub service: Service,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub Weekday);

impl Day {
    /// The days, and the word of each.
    pub const ALL: [(Self, &str); 7] = [
        (Self(Weekday::Monday), "monday"),
        (Self(Weekday::Tuesday), "tuesday"),
        (Self(Weekday::Wednesday), "wednesday"),
        (Self(Weekday::Thursday), "thursday"),
        (Self(Weekday::Friday), "friday"),
        (Self(Weekday::Saturday), "saturday"),
        (Self(Weekday::Sunday), "sunday"),
    ];

    /// The day of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(day, _)| *day)
    }

    /// The minutes of a week before it begins; Monday is the first.
    fn minutes(self) -> i32 {
        i32::from(self.0.to_monday_zero_offset()) * DAY
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = Self::ALL.iter().find(|(day, _)| day == self).map_or("", |(_, word)| word);
        serializer.serialize_str(word)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| serde::de::Error::custom(format_args!("{word:?} is no day")))
    }
}

impl Service {
    /// The minutes of `last_seating` after the midnight before `opens`.
    pub fn last_seating_minutes(&self) -> i32 {
        next(self.last_seating.minutes(), self.last_seating < self.opens)
    }

    /// The minutes of `closes` after the midnight before `opens`.
    pub fn closes_minutes(&self) -> i32 {
        next(self.closes.minutes(), self.closes <= self.opens)
    }

    /// Whether the last party is seated before it closes. It is seated no sooner than it opens, since it would be the next day's else.
    pub fn is_ordered(&self) -> bool {
        self.last_seating_minutes() < self.closes_minutes()
    }
}

/// The same minute, of the next day where it is that one's.
fn next(minutes: i32, next_day: bool) -> i32 {
    if next_day { minutes + DAY } else { minutes }
}

/// A service that overlaps one before it in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The service, by its place in the list.
    pub index: usize,
    /// The one that it overlaps.
    pub other: usize,
}

/// The services of a week that overlap one before them in the list: by their local times, Sunday night and Monday included.
pub fn overlaps_of_week(week: &[Weekly]) -> Vec<Overlap> {
    let of = |weekly: &Weekly| -> Vec<(i32, i32)> {
        let begins = weekly.days.iter().map(|day| day.minutes());
        begins.map(|day| (day + weekly.service.opens.minutes(), day + weekly.service.closes_minutes())).collect()
    };
    overlaps(&week.iter().map(of).collect::<Vec<_>>(), 7 * DAY)
}

/// The services of a date that overlap one before them in the list.
pub fn overlaps_of_date(services: &[Service]) -> Vec<Overlap> {
    let of = |service: &Service| vec![(service.opens.minutes(), service.closes_minutes())];
    overlaps(&services.iter().map(of).collect::<Vec<_>>(), 0)
}

/// What overlaps one before it, on a circle of so many minutes; 0 is no circle.
fn overlaps(stretches: &[Vec<(i32, i32)>], circle: i32) -> Vec<Overlap> {
    let meet = |(start, end): (i32, i32), (other_start, other_end): (i32, i32)| {
        [-circle, 0, circle].iter().any(|turn| start + turn < other_end && other_start < end + turn)
    };
    let clash = |index: usize, other: usize| stretches[index].iter().any(|one| stretches[other].iter().any(|two| meet(*one, *two)));
    let first = |index: usize| (0..index).find(|other| clash(index, *other)).map(|other| Overlap { index, other });
    (0..stretches.len()).filter_map(first).collect()
}

/// Dates on which the restaurant is open at other times than in the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The first of the dates.
    pub from: Date,
    /// The last of the dates.
    pub until: Date,
    /// What it serves then; nothing where it is closed.
    pub services: Vec<Service>,
}

/// When a restaurant is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    week: Vec<Weekly>,
    /// In order, and no two of one date.
    exceptions: Vec<Exception>,
}

impl Schedule {
    /// A week, where nothing is an exception. Of one date there is one exception at most.
    pub fn new(week: Vec<Weekly>, mut exceptions: Vec<Exception>) -> Self {
        exceptions.sort_by_key(|exception| exception.from);
        Self { week, exceptions }
    }

    /// The services of the week.
    pub fn week(&self) -> &[Weekly] {
        &self.week
    }

    /// The services that begin on a date, in the order of the list; `None`: the restaurant is open around the clock.
    pub fn services(&self, date: Date) -> Option<Vec<&Service>> {
        let before = self.exceptions.partition_point(|exception| exception.until < date);
        if let Some(exception) = self.exceptions.get(before).filter(|exception| exception.from <= date) {
            return Some(exception.services.iter().collect());
        }
        if self.week.is_empty() {
            return None;
        }
        let day = Day(date.weekday());
        Some(self.week.iter().filter(|weekly| weekly.days.contains(&day)).map(|weekly| &weekly.service).collect())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A service of these times.
    pub(crate) fn service(name: &str, [opens, last_seating, closes]: [&str; 3]) -> Service {
        let clock = |text| Clock::parse(text).expect("a time");
        let (opens, last_seating, closes) = (clock(opens), clock(last_seating), clock(closes));
        let name = name.to_owned();
        Service { name, opens, last_seating, closes, slot_minutes: None, online: true, min_party: None, max_party: None }
    }

    /// A service of these days.
    pub(crate) fn weekly(days: &[&str], service: Service) -> Weekly {
        Weekly { days: days.iter().map(|day| Day::parse(day).expect("a day")).collect(), service }
    }

    fn overlaps(week: &[(&[&str], [&str; 2])]) -> Vec<(usize, usize)> {
        let week: Vec<_> = week.iter().map(|(days, [opens, closes])| weekly(days, service("", [opens, opens, closes]))).collect();
        overlaps_of_week(&week).into_iter().map(|overlap| (overlap.index, overlap.other)).collect()
    }

    #[test]
    fn a_service_that_does_not_say_so_is_online() {
        let read: Service =
            serde_json::from_str(r#"{"name": "Dinner", "opens": "18:00", "last_seating": "21:30", "closes": "23:30"}"#).expect("a service");
        assert_eq!(read, service("Dinner", ["18:00", "21:30", "23:30"]));
    }

    #[test]
    fn services_that_follow_each_other_do_not_overlap_in_whatever_order() {
        assert_eq!(overlaps(&[(&["monday"], ["18:00", "20:00"]), (&["monday"], ["16:00", "18:00"])]), []);
        assert_eq!(overlaps(&[(&["monday"], ["16:00", "18:00"]), (&["monday"], ["18:00", "20:00"])]), []);
        assert_eq!(overlaps(&[(&["monday"], ["18:00", "20:00"]), (&["monday"], ["16:00", "18:01"])]), [(1, 0)]);
        let of_a_date = |one: [&str; 2], two: [&str; 2]| {
            let services = [one, two].map(|[opens, closes]| service("", [opens, opens, closes]));
            overlaps_of_date(&services).len()
        };
        assert_eq!((of_a_date(["18:00", "03:00"], ["12:00", "18:00"]), of_a_date(["18:00", "03:00"], ["02:00", "04:00"])), (0, 0));
        assert_eq!(of_a_date(["18:00", "03:00"], ["23:00", "23:30"]), 1);
    }

    #[test]
    fn a_time_before_the_opening_is_the_next_days() {
        let late = service("Dinner", ["18:00", "00:30", "02:00"]);
        assert_eq!((late.last_seating_minutes(), late.closes_minutes()), (DAY + 30, DAY + 120));
        let round = service("Always", ["00:00", "23:45", "00:00"]);
        assert_eq!((round.last_seating_minutes(), round.closes_minutes()), (DAY - 15, DAY));
        let first = service("Lunch", ["12:00", "12:00", "12:01"]);
        assert_eq!((first.last_seating_minutes(), first.closes_minutes()), (720, 721));
    }

    #[test]
    fn the_last_seating_is_before_the_end() {
        for (times, ordered) in [
            (["18:00", "21:30", "23:30"], true),
            (["18:00", "18:00", "18:01"], true),
            (["18:00", "21:30", "21:30"], false),
            (["18:00", "22:00", "21:30"], false),
            (["18:00", "17:59", "18:00"], true),
            (["18:00", "01:00", "01:00"], false),
        ] {
            assert_eq!(service("Dinner", times).is_ordered(), ordered, "{times:?}");
        }
    }

    #[test]
    fn services_of_a_week_overlap_by_the_minute() {
        let (monday, tuesday): (&[&str], &[&str]) = (&["monday"], &["tuesday"]);
        assert_eq!(overlaps(&[(monday, ["12:00", "15:00"]), (monday, ["15:00", "18:00"])]), []);
        assert_eq!(overlaps(&[(monday, ["12:00", "15:00"]), (monday, ["14:59", "18:00"])]), [(1, 0)]);
        assert_eq!(overlaps(&[(monday, ["12:00", "15:00"]), (tuesday, ["12:00", "15:00"])]), []);
        assert_eq!(overlaps(&[(monday, ["18:00", "02:00"]), (tuesday, ["01:00", "03:00"])]), [(1, 0)]);
        assert_eq!(overlaps(&[(monday, ["18:00", "02:00"]), (tuesday, ["02:00", "03:00"])]), []);
        assert_eq!(overlaps(&[(monday, ["12:00", "18:00"]), (monday, ["13:00", "14:00"]), (monday, ["17:00", "19:00"])]), [(1, 0), (2, 0)]);
    }

    #[test]
    fn sunday_night_meets_monday() {
        assert_eq!(overlaps(&[(&["sunday"], ["20:00", "04:00"]), (&["monday"], ["03:00", "05:00"])]), [(1, 0)]);
        assert_eq!(overlaps(&[(&["monday"], ["03:00", "05:00"]), (&["sunday"], ["20:00", "04:00"])]), [(1, 0)]);
        assert_eq!(overlaps(&[(&["sunday"], ["20:00", "03:00"]), (&["monday"], ["03:00", "05:00"])]), []);
    }

    #[test]
    fn services_of_one_date_overlap_by_the_minute() {
        let overlaps = |times: &[[&str; 3]]| {
            let services: Vec<_> = times.iter().map(|times| service("", *times)).collect();
            overlaps_of_date(&services)
        };
        assert_eq!(overlaps(&[["12:00", "12:00", "15:00"], ["15:00", "15:00", "02:00"]]), []);
        assert_eq!(overlaps(&[["12:00", "12:00", "15:01"], ["15:00", "15:00", "02:00"]]), [Overlap { index: 1, other: 0 }]);
        // What lasts into the next day does not meet the morning of its own.
        assert_eq!(overlaps(&[["18:00", "18:00", "17:00"], ["10:00", "10:00", "12:00"]]), []);
    }

    #[test]
    fn an_exception_stands_in_for_its_dates_and_no_others() {
        let date = |text: &str| text.parse::<Date>().expect("a date");
        let brunch = service("Brunch", ["10:00", "13:00", "15:00"]);
        let exceptions = vec![
            Exception { from: date("2030-12-26"), until: date("2030-12-26"), services: vec![brunch.clone()] },
            Exception { from: date("2030-12-24"), until: date("2030-12-25"), services: Vec::new() },
        ];
        let dinner = weekly(&["monday", "tuesday", "thursday", "friday"], service("Dinner", ["18:00", "21:30", "23:30"]));
        let schedule = Schedule::new(vec![dinner.clone()], exceptions.clone());
        for (of, expected) in [
            ("2030-12-23", vec![&dinner.service]),
            ("2030-12-24", vec![]),
            ("2030-12-25", vec![]),
            ("2030-12-26", vec![&brunch]),
            ("2030-12-27", vec![&dinner.service]),
            ("2030-12-28", vec![]),
        ] {
            assert_eq!(schedule.services(date(of)), Some(expected), "{of}");
        }
        let without = Schedule::new(Vec::new(), exceptions);
        assert_eq!(without.services(date("2030-12-23")), None);
        assert_eq!(without.services(date("2030-12-24")), Some(Vec::new()));
    }

    #[test]
    fn a_service_is_written_as_it_is_read() {
        let json = r#"{"days":["monday","sunday"],"name":"Dinner","opens":"18:00","last_seating":"21:30","closes":"23:30","online":true}"#;
        let read: Weekly = serde_json::from_str(json).expect("a service");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), json);
        assert!(serde_json::from_str::<Weekly>(&json.replace("sunday", "Sunday")).is_err());
    }
}
