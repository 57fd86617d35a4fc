//! Services of the week and of a date, as clients give them.

use chassis::http::input::Input;
use chassis::http::problem::Place;
use chassis::http::text::Text;
use chassis::http::value::{Fault, Raw, Ruled, Value};
use house::clock::Clock;
use house::schedule::{Day, Overlap, Service, Weekly};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::booking::Guests;

/// A local time of day, `HH:MM`.
#[derive(Clone, Copy, Debug)]
pub struct LocalTime(Clock);

impl LocalTime {
    /// The time.
    pub(crate) fn clock(self) -> Clock {
        self.0
    }
}

impl Value for LocalTime {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let clock = Clock::parse(raw.string()?);
        clock.map(Self).ok_or_else(|| Fault::new("invalid_local_time", "This must be a local time as HH:MM, from 00:00 to 23:59."))
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$")).into()
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekDay(Day);

impl Value for WeekDay {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let words = Day::ALL.map(|(_, word)| word).join(", ");
        let day = Day::parse(raw.string()?);
        day.map(Self).ok_or_else(|| Fault::new("not_allowed", format!("This must be one of: {words}.")))
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Day::ALL.map(|(_, word)| word))).into()
    }
}

/// The distance of the times at which bookings begin, in minutes.
#[derive(Clone, Copy, Debug)]
pub struct SlotMinutes(i32);

impl SlotMinutes {
    /// What is allowed.
    pub(crate) const ALL: [i32; 3] = [15, 30, 60];

    /// The number.
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Value for SlotMinutes {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let number = chassis::http::value::whole_number(raw, 0, i32::MAX)?;
        let known = Some(Self(number)).filter(|_| Self::ALL.contains(&number));
        known.ok_or_else(|| Fault::new("not_allowed", "This must be one of: 15, 30, 60."))
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(Self::ALL)).into()
    }
}

chassis::body! {
    /// A service of the week.
    pub struct WeeklyService {
        /// Its name.
        #[example = "Dinner"]
        pub name: required Text<100>,
        /// The days on which it begins.
        #[example = ["tuesday", "wednesday"]]
        pub days: values WeekDay,
        /// When its first party may be seated, in the restaurant's local time.
        #[example = "18:00"]
        pub opens: required LocalTime,
        /// When its last party may be seated. Before `opens`, it is the next day's.
        #[example = "21:30"]
        pub last_seating: required LocalTime,
        /// When it ends. Not after `opens`, it is the next day's.
        #[example = "23:30"]
        pub closes: required LocalTime,
        /// The distance of the times at which bookings begin, in minutes, in place of the rule's.
        pub slot_minutes: optional SlotMinutes,
        /// Whether guests may book; the staff always may.
        pub online: default bool = true,
        /// The smallest party that is taken, in place of the rule's.
        pub min_party: optional Guests,
        /// The largest party that is taken, in place of the rule's.
        pub max_party: optional Guests,
    }
}

chassis::body! {
    /// A service of a date.
    pub struct DatedService {
        /// Its name.
        #[example = "Brunch"]
        pub name: required Text<100>,
        /// When its first party may be seated, in the restaurant's local time.
        #[example = "10:00"]
        pub opens: required LocalTime,
        /// When its last party may be seated. Before `opens`, it is the next day's.
        #[example = "13:00"]
        pub last_seating: required LocalTime,
        /// When it ends. Not after `opens`, it is the next day's.
        #[example = "15:00"]
        pub closes: required LocalTime,
        /// The distance of the times at which bookings begin, in minutes, in place of the rule's.
        pub slot_minutes: optional SlotMinutes,
        /// Whether guests may book; the staff always may.
        pub online: default bool = true,
        /// The smallest party that is taken, in place of the rule's.
        pub min_party: optional Guests,
        /// The largest party that is taken, in place of the rule's.
        pub max_party: optional Guests,
    }
}

impl DatedService {
    pub(super) fn into_service(self) -> Service {
        Service {
            name: self.name.into_string(),
            opens: self.opens.0,
            last_seating: self.last_seating.0,
            closes: self.closes.0,
            slot_minutes: self.slot_minutes.map(SlotMinutes::get),
            online: self.online,
            min_party: self.min_party.map(Guests::get),
            max_party: self.max_party.map(Guests::get),
        }
    }
}

impl WeeklyService {
    pub(super) fn into_weekly(self) -> Weekly {
        let Self { name, days, opens, last_seating, closes, slot_minutes, online, min_party, max_party } = self;
        let service = DatedService { name, opens, last_seating, closes, slot_minutes, online, min_party, max_party };
        Weekly { days: days.into_iter().map(|day| day.0).collect(), service: service.into_service() }
    }
}

/// Notes what is wrong with services that follow the schema.
pub(super) fn judge(input: &mut Input, services: &[&Service], overlaps: &[Overlap]) {
    let place = |index: usize, name: &str| Place::Pointer(format!("#/services/{index}/{name}"));
    for (index, service) in services.iter().enumerate() {
        if !service.is_ordered() {
            let detail = format!("The last party must be seated before the service closes at {}.", service.closes);
            input.refuse(place(index, "last_seating"), Fault::new("out_of_range", detail));
        }
        if let (Some(smallest), Some(largest)) = (service.min_party, service.max_party)
            && smallest > largest
        {
            input.refuse(place(index, "max_party"), Fault::new("out_of_range", format!("This must be at least min_party, {smallest}.")));
        }
    }
    for overlap in overlaps {
        let other = &services[overlap.other].name;
        let detail = format!("This service overlaps {other:?}. Services of one restaurant follow each other.");
        input.refuse(place(overlap.index, "closes"), Fault::new("overlaps", detail));
    }
}
