//! A time zone in which it is about noon: what begins within hours of now is of today, whenever the tests run.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The name of the zone. `Etc/GMT-5` is five hours ahead of UTC, as POSIX has it.
pub static NAME: LazyLock<String> = LazyLock::new(|| {
    let hour = Timestamp::now().to_zoned(TimeZone::UTC).hour();
    format!("Etc/GMT{:+}", hour - 12)
});

/// The zone.
pub fn zone() -> TimeZone {
    TimeZone::get(&NAME).expect("a zone")
}

/// The date of a time there.
pub fn date_of(time: Timestamp) -> String {
    time.to_zoned(zone()).date().to_string()
}
