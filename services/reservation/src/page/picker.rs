//! Choosing a party, a day and a time: what the page of a new booking and that of a change have in common.

use house::calendar::Calendar;
use jiff::Timestamp;
use jiff::civil::Date;
use site::frame::Frame;
use site::reader::Reader;
use site::texts::Catalog;

use super::Notice;
use super::asked::{Asked, names};
use super::offer::{Offer, Open};
use super::why::{self, When};
use crate::availability::{Day, DayState, Slot, State};
use crate::booking::Guests;

/// An option of a list.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) text: String,
    pub(crate) chosen: bool,
}

/// A day, as a link.
pub(crate) struct DayLink {
    pub(crate) to: String,
    pub(crate) weekday: String,
    pub(crate) number: i8,
    /// The month; where the day cannot be booked, why.
    pub(crate) below: String,
    pub(crate) free: bool,
    pub(crate) chosen: bool,
}

/// A time that can be booked.
pub(crate) struct TimeLink {
    /// The page on which it is booked; in a form its name.
    pub(crate) to: String,
    pub(crate) text: String,
    /// Until when the table is the party's, where that is sooner than usual; or that the booking is there already.
    pub(crate) below: Option<String>,
    pub(crate) now: bool,
}

/// The times of a service.
pub(crate) struct Times {
    pub(crate) name: Option<String>,
    pub(crate) hours: Option<String>,
    pub(crate) times: Vec<TimeLink>,
    /// Why there are none.
    pub(crate) why: Option<String>,
}

/// Where the choices lead.
pub(crate) struct Way<'a> {
    /// The page itself.
    pub(crate) path: String,
    /// The names and values that its links and its form have beside the choices.
    pub(crate) keeps: Vec<(&'static str, String)>,
    /// When the party comes now, where it has a booking: times are then buttons of a form.
    pub(crate) comes: Option<Timestamp>,
    /// The version of that booking.
    pub(crate) version: Option<i32>,
    pub(crate) reader: &'a Reader,
}

/// The choices, as a page shows them.
pub(crate) struct Picker {
    pub(crate) path: String,
    pub(crate) keeps: Vec<(&'static str, String)>,
    pub(crate) parties: Vec<Choice>,
    pub(crate) areas: Vec<Choice>,
    pub(crate) guests: Guests,
    pub(crate) date: Date,
    pub(crate) first: Date,
    pub(crate) last: Date,
    pub(crate) heading: String,
    pub(crate) days: Vec<DayLink>,
    pub(crate) services: Vec<Times>,
    pub(crate) notice: Option<Notice>,
    /// The next day that can be booked, where this one cannot.
    pub(crate) next: Option<(String, String)>,
    /// For how long the table is the party's.
    pub(crate) stay: Option<String>,
    /// Whether times are buttons of a form.
    pub(crate) posts: bool,
    /// The version of the booking that the form moves.
    pub(crate) version: Option<i32>,
}

impl Way<'_> {
    /// The page with these choices.
    fn link(&self, choices: &[(&str, String)]) -> String {
        let kept = self.keeps.iter().map(|(name, value)| (*name, value)).chain(choices.iter().map(|(name, value)| (*name, value)));
        // A plus would be a space; nothing else in these values means anything in a query.
        let pairs: Vec<_> = kept.map(|(name, value)| format!("{name}={}", value.replace('+', "%2B"))).collect();
        self.reader.link(&format!("{}?{}", self.path, pairs.join("&")))
    }
}

/// The parties to choose from, and the one that was chosen whatever it is.
pub(crate) fn parties(texts: &Catalog, (smallest, largest): (i32, i32), chosen: Guests) -> Vec<Choice> {
    let mut all: Vec<i32> = (smallest..=largest).collect();
    if !all.contains(&chosen.get()) {
        all.push(chosen.get());
        all.sort_unstable();
    }
    let choice = |guests: i32| Choice {
        value: guests.to_string(),
        text: texts.tell("guests", [("guests", guests.into())]),
        chosen: guests == chosen.get(),
    };
    all.into_iter().map(choice).collect()
}

impl Picker {
    pub(crate) fn new(frame: &Frame<'_>, open: &Open, offer: &Offer, asked: &Asked, way: &Way<'_>) -> Self {
        let (texts, guests, house) = (frame.texts, open.guests(asked), &open.known.house);
        let area = open.area(asked).map(|area| area.id.to_string());
        let chosen = |date: Date| {
            let mut chosen = vec![("guests", guests.to_string()), ("date", date.to_string())];
            chosen.extend(area.clone().map(|area| ("area", area)));
            chosen
        };
        let refusal = offer.refusal(open);
        let next = offer.next().filter(|_| refusal.is_some());
        let mut keeps = way.keeps.clone();
        keeps.extend(way.reader.chosen().map(|language| ("lang", language.to_string())));
        let areas = open.areas.iter().map(|of| {
            let value = of.id.to_string();
            Choice { chosen: area.as_ref() == Some(&value), text: of.name.clone(), value }
        });
        let minutes = i64::from(house.rules.turn_time(guests.get()));
        Self {
            path: way.path.clone(),
            keeps,
            parties: parties(texts, open.parties, guests),
            areas: areas.collect(),
            guests,
            date: offer.date,
            first: open.today,
            last: open.last,
            heading: format!("{}, {}", texts.weekday(offer.date), texts.day(offer.date)),
            days: offer.days.iter().map(|day| day_link(texts, day, offer.date, way.link(&chosen(day.date)))).collect(),
            services: services(
                texts,
                open,
                (offer, guests),
                &|name| {
                    let to = |mut chosen: Vec<(&str, String)>| {
                        chosen.push(("time", name.to_owned()));
                        way.link(&chosen)
                    };
                    if way.comes.is_some() { name.to_owned() } else { to(chosen(offer.date)) }
                },
                way.comes,
            ),
            notice: refusal.map(|reason| why::told(texts, open, guests, When::Day(offer.date), reason)),
            next: next.map(|day| (way.link(&chosen(day.date)), texts.tell("next-free", [("day", texts.day(day.date).into())]))),
            stay: refusal.is_none().then(|| texts.tell("your-table-is-yours", [("length", texts.minutes(minutes).into())])),
            posts: way.comes.is_some(),
            version: way.version,
        }
    }
}

fn day_link(texts: &Catalog, day: &Day, chosen: Date, to: String) -> DayLink {
    let below = match day.state {
        DayState::Available => texts.short_month(day.date),
        DayState::Full => texts.say("day-full"),
        DayState::Closed => texts.say("day-closed"),
    };
    DayLink {
        to,
        weekday: texts.short_weekday(day.date),
        number: day.date.day(),
        below,
        free: day.state == DayState::Available,
        chosen: day.date == chosen,
    }
}

/// The times of the day, by service; without hours by the parts of the day.
fn services(
    texts: &Catalog,
    open: &Open,
    (offer, guests): (&Offer, Guests),
    to: &dyn Fn(&str) -> String,
    comes: Option<Timestamp>,
) -> Vec<Times> {
    let house = &open.known.house;
    let clock = |time: Timestamp| time.to_zoned(house.time_zone.clone());
    let usual = i64::from(house.rules.turn_time(guests.get()));
    let link = |(name, slot): &(String, Slot)| {
        let shortened = slot.ends_at.duration_since(slot.time).as_mins() < usual;
        let until = || texts.tell("until", [("time", texts.time(clock(slot.ends_at).time()).into())]);
        let now = comes == Some(slot.time);
        let below = if now { Some(texts.say("comes-now")) } else { shortened.then(until) };
        TimeLink { to: to(name), text: texts.time(clock(slot.time).time()), below, now }
    };
    let times = |slots: &[&(String, Slot)]| -> Vec<TimeLink> {
        slots.iter().filter(|(_, slot)| slot.state == State::Available).map(|slot| link(slot)).collect()
    };
    let calendar = Calendar::new(house, offer.date, offer.date);
    let sittings = calendar.sittings(offer.date);
    if sittings.is_empty() {
        let parts = [("part-night", 0..5), ("part-morning", 5..12), ("part-afternoon", 12..17), ("part-evening", 17..24)];
        let of = |(key, hours): (&str, std::ops::Range<i8>)| {
            let slots: Vec<_> = offer.slots.iter().filter(|(_, slot)| hours.contains(&clock(slot.time).hour())).collect();
            Times { name: Some(texts.say(key)), hours: None, times: times(&slots), why: None }
        };
        return parts.into_iter().map(of).filter(|part| !part.times.is_empty()).collect();
    }
    let of = |sitting: &house::calendar::Sitting<'_>| {
        let within = |slot: &Slot| slot.time >= sitting.opens && slot.time <= sitting.last_seating;
        let slots: Vec<_> =
            offer.slots.iter().filter(|(_, slot)| within(slot) && slot.service.as_deref() == Some(sitting.service.name.as_str())).collect();
        let times = times(&slots);
        let reason = slots.iter().filter_map(|(_, slot)| slot.reason).max();
        let why = reason.filter(|_| times.is_empty());
        let [opens, closes] = [sitting.opens, sitting.closes].map(|time| texts.time(clock(time).time()));
        Times {
            name: Some(sitting.service.name.clone()),
            hours: Some(texts.tell("hours-from-to", [("opens", opens.into()), ("closes", closes.into())])),
            why: why.map(|reason| why::told(texts, open, guests, When::Day(offer.date), Some(reason)).text),
            times,
        }
    };
    // Where nothing of the day can be booked, one sentence says so for all of it. What is over today is of no interest.
    let is_over = |sitting: &&house::calendar::Sitting<'_>| sitting.last_seating < open.now;
    if offer.refusal(open).is_some() { Vec::new() } else { sittings.iter().filter(|sitting| !is_over(sitting)).map(of).collect() }
}

/// A time beside others, as `Friday, 14 May at 19:30`: with its day, where it is of another date.
pub(crate) fn spoken(texts: &Catalog, open: &Open, date: Date, time: Timestamp) -> String {
    let house = &open.known.house;
    let (of, local) = (Calendar::around(house, time).date_of(time), time.to_zoned(house.time_zone.clone()));
    let clock = texts.time(local.time());
    if of == date {
        clock
    } else {
        let day = format!("{} {}", texts.short_weekday(of), texts.day(of));
        texts.tell("day-at", [("day", day.into()), ("time", clock.into())])
    }
}

/// A time, as a link names it, with its date.
pub(crate) fn named(open: &Open, time: Timestamp) -> (Date, String) {
    let house = &open.known.house;
    let date = Calendar::around(house, time).date_of(time);
    let starts: Vec<_> = Calendar::new(house, date, date).starts(date).into_iter().map(|(time, _)| time).collect();
    let known = names(&house.time_zone, starts.iter().copied());
    let listed = starts.iter().zip(known).find(|(start, _)| **start == time).map(|(_, name)| name);
    (date, listed.unwrap_or_else(|| time.to_zoned(house.time_zone.clone()).strftime("%H:%M").to_string()))
}
