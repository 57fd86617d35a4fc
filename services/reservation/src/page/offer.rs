//! What the house offers a party: the days of a fortnight, and the times of one of them.

use std::sync::Arc;

use chassis::http::problem::Problem;
use house::calendar::Calendar;
use house::judge::{By, Wish};
use house::reason::Reason;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use sqlx::PgConnection;

use super::asked::{Asked, names};
use crate::area::{Area, AreaId};
use crate::availability::{self, Day, DayState, Slot, State};
use crate::booking::{Guests, Reservation};
use crate::memory::Known;
use crate::room::Room;
use crate::store;

/// How many days are shown.
const DAYS: i64 = 14;
/// How many of them come before one that is beyond the next fortnight.
const BEFORE: i64 = 3;
/// How many guests a party has where nobody says it.
const PARTY: i32 = 2;
/// More areas than any restaurant has.
const AREAS: i64 = 100;

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
    pub(crate) async fn of(connection: &mut PgConnection, room: &Room, now: Timestamp) -> Result<Option<Self>, Problem> {
        let known = room.known(connection).await?;
        let house = &known.house;
        let units = || house.floor.units().iter().filter(|unit| unit.online);
        let Some(seats) = units().map(|unit| unit.capacity).max() else { return Ok(None) };
        let fewest = units().map(|unit| unit.min_party).min().unwrap_or(1);
        let services = || house.schedule.week().iter().map(|weekly| &weekly.service).filter(|service| service.online);
        let least = |service: &house::schedule::Service| service.min_party.unwrap_or(house.rules.min_party);
        let most = |service: &house::schedule::Service| service.max_party.unwrap_or(house.rules.max_party);
        let smallest = services().map(least).min().unwrap_or(house.rules.min_party).max(fewest);
        let largest = services().map(most).max().unwrap_or(house.rules.max_party).min(seats);
        let areas = if house.floor.tables().iter().any(|table| table.area.is_some()) {
            let all = store::area::list(connection, None, AREAS).await?;
            all.into_iter().filter(|area| area.online && units().any(|unit| unit.area == Some(area.id.get()))).collect()
        } else {
            Vec::new()
        };
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
    /// The days of a fortnight, and the times of the date that is asked for; where none is, of the first at which there is one. What the booking
    /// of the party holds already is not in its way.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn of(
        connection: &mut PgConnection,
        (room, open): (&Room, &Open),
        asked: &Asked,
        own: Option<&Reservation>,
    ) -> Result<Self, Problem> {
        let (wish, now, house) = (open.wish(asked), open.now, &open.known.house);
        let first = match asked.date {
            Some(date) if date > open.today.saturating_add((DAYS - 1).days()) => date.min(open.last).saturating_sub(BEFORE.days()),
            _ => open.today,
        };
        let until = first.saturating_add((DAYS - 1).days());
        let mut days = availability::days(connection, (room, &open.known), (first, until), wish, now).await?;
        let date = asked.date.or_else(|| days.iter().find(|day| day.first.is_some()).map(|day| day.date)).unwrap_or(open.today);
        let slots = if date < open.today || date > open.last {
            Vec::new()
        } else {
            availability::slots(connection, &open.known, date, (wish, own), now).await?
        };
        if let (Some(day), Some(slot)) =
            (days.iter_mut().find(|day| day.date == date), slots.iter().find(|slot| slot.state == State::Available))
        {
            *day = Day { date, state: DayState::Available, reason: None, first: Some(slot.time) };
        }
        let names = names(&house.time_zone, slots.iter().map(|slot| slot.time));
        Ok(Self { date, days, slots: names.into_iter().zip(slots).collect() })
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
