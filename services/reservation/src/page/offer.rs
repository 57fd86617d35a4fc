//! What the house offers a party: the days of a fortnight, and the times of one of them.

use std::sync::Arc;

use chassis::http::problem::Problem;
use house::calendar::Calendar;
use house::judge::{By, Wish};
use house::reason::Reason;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::asked::{Asked, names};
use crate::area::{Area, AreaId};
use crate::availability::{self, Day, DayState, Judged, Slot, State};
use crate::booking::{Guests, Reservation};
use crate::memory::Known;
use crate::room::Room;
use crate::store::database::Database;

/// How many days are shown.
const DAYS: i64 = 14;
/// How many of them come before one that is beyond the next fortnight.
const BEFORE: i64 = 3;
/// How many guests a party has where nobody says it.
const PARTY: i32 = 2;

/// The house, and which parties it seats online.
pub(crate) struct Open {
    pub(crate) known: Arc<Known>,
    /// The areas in which guests may book.
    pub(crate) areas: Vec<Area>,
    /// The smallest and the largest party.
    pub(crate) parties: (i32, i32),
    pub(crate) now: Timestamp,
    pub(crate) today: Date,
    /// The last date that can be booked.
    pub(crate) last: Date,
}

impl Open {
    /// `None`: no table can be booked online.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn of(database: &mut Database<'_>, room: &Room, now: Timestamp) -> Result<Option<Self>, Problem> {
        let known = room.memory.get(database).await?;
        let house = &known.house;
        let units = || house.floor.units().iter().filter(|unit| unit.online);
        let Some(seats) = units().map(|unit| unit.capacity).max() else { return Ok(None) };
        let fewest = units().map(|unit| unit.min_party).min().unwrap_or(1);
        let services = || house.schedule.week().iter().map(|weekly| &weekly.service).filter(|service| service.online);
        let least = |service: &house::schedule::Service| service.min_party.unwrap_or(house.rules.min_party);
        let most = |service: &house::schedule::Service| service.max_party.unwrap_or(house.rules.max_party);
        let smallest = services().map(least).min().unwrap_or(house.rules.min_party).max(fewest);
        let largest = services().map(most).max().unwrap_or(house.rules.max_party).min(seats);
        let seats_in = |area: &&Area| area.online && units().any(|unit| unit.area == Some(area.id.get()));
        let areas = known.areas.iter().filter(seats_in).cloned().collect();
        let today = Calendar::around(house, now).date_of(now);
        let last = house.latest(now).to_zoned(house.time_zone.clone()).date();
        Ok(Some(Self { parties: (smallest, largest.max(smallest)), areas, now, today, last, known }))
    }

    /// The party: as it is asked for, or two, where parties of two are taken.
    pub(crate) fn guests(&self, asked: &Asked) -> Guests {
        let usual = Guests::new(PARTY.clamp(self.parties.0, self.parties.1)).unwrap_or(Guests::MIN);
        asked.guests.unwrap_or(usual)
    }

    /// The area, where guests may book in it.
    pub(crate) fn area(&self, asked: &Asked) -> Option<&Area> {
        asked.area.and_then(|asked| self.areas.iter().find(|area| area.id == asked))
    }

    /// What the house judges.
    pub(crate) fn wish(&self, asked: &Asked) -> Wish {
        let area = self.area(asked).map(|area| AreaId::get(area.id));
        Wish { guests: self.guests(asked).get(), minutes: None, area, by: By::Guest }
    }
}

/// What the house offers a party.
pub(crate) struct Offer {
    pub(crate) date: Date,
    /// The days around it.
    pub(crate) days: Vec<Day>,
    /// The times of the date that are listed, each with its name.
    pub(crate) slots: Vec<(String, Slot)>,
}

impl Offer {
    /// The dates of a fortnight around the one that is asked for, as they are judged for the party.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn dates(
        database: &mut Database<'_>,
        (room, open): (&Room, &Open),
        asked: &Asked,
    ) -> Result<Vec<Arc<Judged>>, Problem> {
        let first = match asked.date {
            Some(date) if date > open.today.saturating_add((DAYS - 1).days()) => date.min(open.last).saturating_sub(BEFORE.days()),
            _ => open.today,
        };
        let until = first.saturating_add((DAYS - 1).days());
        Ok(availability::dates(database, (room, &open.known), (first, until), open.wish(asked), open.now).await?)
    }

    /// These dates, and the times of the one that is asked for; where none is, of the first at which there is one.
    pub(crate) fn of(open: &Open, asked: &Asked, dates: &[Arc<Judged>]) -> Self {
        let free = || dates.iter().find(|judged| judged.day.first.is_some());
        let date = asked.date.or_else(|| free().map(|judged| judged.day.date)).unwrap_or(open.today);
        let judged = dates.iter().find(|judged| judged.day.date == date && date >= open.today && date <= open.last);
        Self::with(open, (date, dates), judged.map(|judged| judged.slots.clone()).unwrap_or_default())
    }

    /// The same for the party of a booking: what it holds already is not in its way.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn of_booking(
        database: &mut Database<'_>,
        (room, open): (&Room, &Open),
        (asked, date): (&Asked, Date),
        own: &Reservation,
    ) -> Result<Self, Problem> {
        let dates = Self::dates(database, (room, open), asked).await?;
        let slots = if date < open.today || date > open.last {
            Vec::new()
        } else {
            availability::slots_of(database.connection().await?, &open.known, date, (open.wish(asked), own), open.now).await?
        };
        Ok(Self::with(open, (date, &dates), slots))
    }

    fn with(open: &Open, (date, dates): (Date, &[Arc<Judged>]), slots: Vec<Slot>) -> Self {
        let mut days: Vec<_> = dates.iter().map(|judged| judged.day.clone()).collect();
        if let (Some(day), Some(slot)) =
            (days.iter_mut().find(|day| day.date == date), slots.iter().find(|slot| slot.state == State::Available))
        {
            *day = Day { date, state: DayState::Available, reason: None, first: Some(slot.time) };
        }
        let names = names(&open.known.house.time_zone, slots.iter().map(|slot| slot.time));
        Self { date, days, slots: names.into_iter().zip(slots).collect() }
    }

    /// Why nothing of the date can be booked; `Some(None)`: the restaurant is closed.
    pub(crate) fn refusal(&self, open: &Open) -> Option<Option<Reason>> {
        if self.date < open.today {
            return Some(Some(Reason::Past));
        }
        if self.date > open.last {
            return Some(Some(Reason::TooFarAhead));
        }
        if self.slots.iter().any(|(_, slot)| slot.state == State::Available) {
            return None;
        }
        Some(self.slots.iter().filter_map(|(_, slot)| slot.reason).max())
    }

    /// The next day at which the party can come.
    pub(crate) fn next(&self) -> Option<&Day> {
        let free = || self.days.iter().filter(|day| day.first.is_some());
        free().find(|day| day.date > self.date).or_else(|| free().find(|day| day.date != self.date))
    }
}
