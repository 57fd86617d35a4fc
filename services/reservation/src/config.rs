//! The settings of the reservation service.

use std::path::{Path, PathBuf};

use chassis::run::config::{Problems, ServiceArgs, Settings, Unusable};
use chassis::run::log::Log;
use house::House;
use house::floor::Floor;
use house::rules::Rules;
use house::schedule::Schedule;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use site::settings::{Site, SiteArgs};

use crate::declared::file::FileError;
use crate::declared::{self, Checked};
use crate::mail::settings::{MailArgs, MailSettings};

/// The port of the service.
pub const PORT: u16 = 8002;

/// The settings as they were given.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ServeArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub service: ServiceArgs,
    /// IANA time zone of the restaurant, in which its days are reckoned, such as Europe/Berlin [default: UTC]
    #[arg(long, env = "RESTAURANT_TIME_ZONE", value_name = "ZONE")]
    pub restaurant_time_zone: Option<String>,
    /// Confirm bookings automatically: true or false [default: false]
    #[arg(long, env = "AUTO_CONFIRM", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub auto_confirm: Option<String>,
    /// How far ahead bookings are taken, in days, 1 to 3650 [default: 180]
    #[arg(long, env = "MAX_DAYS_AHEAD", value_name = "DAYS")]
    pub max_days_ahead: Option<String>,
    /// How many bookings a user may make within an hour, 0 to 10000; 0 is no limit, and administrators have none [default: 20]
    #[arg(long, env = "BOOKINGS_PER_HOUR", value_name = "N")]
    pub bookings_per_hour: Option<String>,
    /// How many bookings that are not over yet a user may have, 0 to 10000; 0 is no limit, and administrators have none [default: 50]
    #[arg(long, env = "UPCOMING_BOOKINGS", value_name = "N")]
    pub upcoming_bookings: Option<String>,
    /// How many bookings without an account may be made from one network within an hour, 0 to 10000; 0 is no limit [default: 20]
    #[arg(long, env = "GUEST_BOOKINGS_PER_HOUR", value_name = "N")]
    pub guest_bookings_per_hour: Option<String>,
    /// How many proxies in front of the service append to X-Forwarded-For, 0 to 5; with 0 the header is not looked at [default: 0]
    #[arg(long, env = "FORWARDED_FOR_HOPS", value_name = "N")]
    pub forwarded_for_hops: Option<String>,
    /// File with the keys that sign the links of bookings: a key a line, 64 hexadecimal digits or more, of which the first signs; read again
    /// when it changes. Without it guests need an account to book
    #[arg(long, env = "LINK_KEY_FILE", value_name = "FILE")]
    pub link_key_file: Option<PathBuf>,
    /// File that declares the house, applied at the start: YAML or JSON with a resource of kind RestaurantBooking, or with booking, openingHours
    /// and floor alone. A section that it leaves out is the staff's. Without a file the house stays as it is
    #[arg(long, env = "HOUSE_FILE", value_name = "FILE")]
    pub house_file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub mail: MailArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub site: SiteArgs,
}

/// The settings of the service, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service has.
    pub service: Settings,
    /// What the restaurant decides about bookings.
    pub restaurant: Restaurant,
    /// The house that is declared; `None`: the house stays as it is, and its owners.
    pub house: Option<Checked>,
    /// The file with the keys of links.
    pub link_keys: Option<PathBuf>,
    /// How the restaurant presents itself to guests.
    pub site: Site,
    /// How mail to guests is sent, where it is.
    pub mail: Option<MailSettings>,
    /// How many proxies say from where a request comes.
    pub hops: usize,
}

impl AsRef<Settings> for Config {
    fn as_ref(&self) -> &Settings {
        &self.service
    }
}

/// What the restaurant decides about bookings, beside the rules that its staff set.
#[derive(Clone, Debug)]
pub struct Restaurant {
    /// Where its days begin and end.
    pub time_zone: TimeZone,
    /// Whether bookings are confirmed automatically.
    pub auto_confirm: bool,
    /// How far ahead bookings are taken.
    pub max_ahead: SignedDuration,
    /// How many bookings a user may have.
    pub limits: Limits,
    /// How many bookings without an account may come from one network within an hour; 0 is no limit.
    pub guests_per_hour: u32,
}

impl Restaurant {
    /// Its house before its staff have set anything: no rules, no hours, no tables.
    pub fn house(&self) -> House {
        House {
            time_zone: self.time_zone.clone(),
            max_ahead: self.max_ahead,
            rules: Rules::default(),
            schedule: Schedule::default(),
            pause_until: None,
            floor: Floor::default(),
        }
    }

    /// The latest time at which a booking may begin.
    pub fn latest(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.max_ahead).unwrap_or(Timestamp::MAX)
    }

    /// When a local date begins; the end of time where it is beyond it.
    pub fn midnight(&self, date: Date) -> Timestamp {
        date.to_zoned(self.time_zone.clone()).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }
}

impl Default for Restaurant {
    fn default() -> Self {
        let max_ahead = SignedDuration::from_hours(24 * i64::from(MAX_DAYS_AHEAD));
        Self { time_zone: TimeZone::UTC, auto_confirm: false, max_ahead, limits: Limits::default(), guests_per_hour: GUESTS_PER_HOUR }
    }
}

/// How many days ahead bookings are taken, where nothing is configured.
const MAX_DAYS_AHEAD: u32 = 180;

/// How many bookings without an account may come from one network within an hour, where nothing is configured.
const GUESTS_PER_HOUR: u32 = 20;

/// How many bookings one user may make; administrators are not limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Within an hour; 0 is no limit.
    pub per_hour: u32,
    /// That are not over yet; 0 is no limit.
    pub upcoming: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_hour: 20, upcoming: 50 }
    }
}

impl Limits {
    /// No limit.
    pub const NONE: Self = Self { per_hour: 0, upcoming: 0 };
}

impl ServeArgs {
    /// Checks the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn check(&self) -> Result<(Config, Log), Unusable> {
        let mut problems = Problems::default();
        let service = self.service.check(&mut problems);
        let log = self.service.log.check(&mut problems);
        let time_zone = time_zone(self.restaurant_time_zone.as_deref(), &mut problems);
        let auto_confirm = problems.parse("AUTO_CONFIRM", self.auto_confirm.as_deref(), false, "true or false");
        let days = problems.number("MAX_DAYS_AHEAD", self.max_days_ahead.as_deref(), MAX_DAYS_AHEAD, 1, 3650);
        let default = Limits::default();
        let limits = Limits {
            per_hour: problems.number("BOOKINGS_PER_HOUR", self.bookings_per_hour.as_deref(), default.per_hour, 0, 10_000),
            upcoming: problems.number("UPCOMING_BOOKINGS", self.upcoming_bookings.as_deref(), default.upcoming, 0, 10_000),
        };
        let guests_per_hour =
            problems.number("GUEST_BOOKINGS_PER_HOUR", self.guest_bookings_per_hour.as_deref(), GUESTS_PER_HOUR, 0, 10_000);
        let hops = problems.number("FORWARDED_FOR_HOPS", self.forwarded_for_hops.as_deref(), 0, 0, 5) as usize;
        let site = self.site.check(&mut problems);
        let mail = self.mail.check(&site, &mut problems);
        let file = self.house_file.as_deref().filter(|file| !file.as_os_str().is_empty());
        let house = file.map(|file| house(file, &mut problems));
        problems.finish()?;
        let max_ahead = SignedDuration::from_hours(24 * i64::from(days));
        let restaurant = Restaurant { time_zone, auto_confirm, max_ahead, limits, guests_per_hour };
        let link_keys = self.link_key_file.clone().filter(|file| !file.as_os_str().is_empty());
        Ok((Config { service, restaurant, house, link_keys, site, mail, hops }, log))
    }
}

/// The restaurant's time zone.
pub(crate) fn time_zone(name: Option<&str>, problems: &mut Problems) -> TimeZone {
    let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or("UTC");
    TimeZone::get(name).unwrap_or_else(|_| {
        problems.add("RESTAURANT_TIME_ZONE", format!("is {name:?}; it must be an IANA time zone such as Europe/Berlin"));
        TimeZone::UTC
    })
}

/// The house that a file declares.
pub(crate) fn house(path: &Path, problems: &mut Problems) -> Checked {
    declared::file::read(path).unwrap_or_else(|FileError(faults)| {
        for fault in faults {
            problems.add("HOUSE_FILE", format!("{}: {fault}", path.display()));
        }
        Checked::default()
    })
}
