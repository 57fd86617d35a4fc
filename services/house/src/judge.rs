//! The judgement: whether a party can come at a time, and to which tables. Each rule is a question of one line, and the order of the rules is
//! the order of their reasons.

use jiff::{SignedDuration, Timestamp};

use crate::House;
use crate::calendar::{Calendar, Hours};
use crate::floor::Unit;
use crate::openings::Openings;
use crate::pacing::{Count, Counts, bucket};
use crate::reason::Reason;
use crate::span::Span;

/// How long a party may stay at least, however soon the restaurant closes, in minutes.
pub(crate) const SHORTEST: i32 = 30;

/// For whom a booking is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// For a guest.
    Guest,
    /// For the staff: what is not online is theirs to give, and a table to fewer guests than it is kept for.
    Staff,
    /// For the staff, who lift the rules. A table that is taken or too small stays so.
    Override,
}

/// A party that wants to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wish {
    /// How many guests.
    pub guests: i32,
    /// For how many minutes, where they ask for it.
    pub minutes: Option<i32>,
    /// In which area, where they ask for one.
    pub area: Option<i32>,
    /// For whom it is judged.
    pub by: By,
}

/// What is taken.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a> {
    /// When the tables are free.
    pub openings: &'a Openings,
    /// What begins in each quarter of an hour.
    pub counts: &'a Counts,
}

/// A wish at a time.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    house: &'a House,
    hours: Hours<'a>,
    wish: Wish,
    start: Timestamp,
    now: Timestamp,
}

/// A rule: its reason, and whether it stands in the way.
type Rule = (Reason, fn(&Case<'_>) -> bool);

/// The rules of time and party, in the order of their reasons. Nobody lifts the first two.
const RULES: [Rule; 9] = [
    (Reason::Past, |case| case.start < case.now),
    (Reason::TooFarAhead, |case| case.start > case.house.latest(case.now)),
    (Reason::TooSoon, |case| case.start < case.house.soonest(case.now)),
    (Reason::Closed, |case| !case.seats()),
    (Reason::OffStep, |case| !case.is_on_step()),
    (Reason::Paused, |case| case.house.pause_until.is_some_and(|until| case.start < until)),
    (Reason::WalkInOnly, |case| case.wish.by == By::Guest && case.hours.service().is_some_and(|service| !service.online)),
    (Reason::PartyTooSmall, |case| case.wish.guests < case.parties().0),
    (Reason::PartyTooLarge, |case| case.wish.guests > case.parties().1),
];

impl<'a> Case<'a> {
    /// A wish at a time that lies within the calendar.
    pub fn new(house: &'a House, calendar: &Calendar<'a>, wish: Wish, start: Timestamp, now: Timestamp) -> Self {
        Self::at(house, calendar.hours(start), wish, start, now)
    }

    /// A wish at a time at which the restaurant does this.
    pub fn at(house: &'a House, hours: Hours<'a>, wish: Wish, start: Timestamp, now: Timestamp) -> Self {
        Self { house, hours, wish, start, now }
    }

    /// The service in which it is.
    pub fn service(&self) -> Option<&'a str> {
        self.hours.service().map(|service| service.name.as_str())
    }

    /// How long the party stays, in minutes: as long as it asks for, or by the turn time; until the restaurant closes, but half an hour at
    /// least.
    pub fn minutes(&self) -> i32 {
        let wanted = self.wish.minutes.unwrap_or(self.house.rules.turn_time(self.wish.guests));
        match (self.hours.closes(), self.wish.minutes, self.wish.by) {
            (None, ..) | (_, Some(_), By::Override) => wanted,
            (Some(closes), ..) => {
                let left = closes.duration_since(self.start).as_mins();
                wanted.min(i32::try_from(left).unwrap_or(wanted).max(SHORTEST))
            }
        }
    }

    /// From when until when the party is there.
    pub fn stay(&self) -> Span {
        Span::new(self.start, SignedDuration::from_mins(self.minutes().into()))
    }

    /// For how long its table is taken.
    pub fn hold(&self) -> Span {
        Span::new(self.start, SignedDuration::from_mins((self.minutes() + self.house.rules.buffer_minutes).into()))
    }

    /// The first rule of time and party that stands in the way.
    ///
    /// # Errors
    /// Its reason.
    pub fn judge_time_and_party(&self) -> Result<(), Reason> {
        self.judge(|_| true)
    }

    /// Whether a party that grows where it is booked already is too large.
    ///
    /// # Errors
    /// `PartyTooLarge`.
    pub fn judge_growth(&self) -> Result<(), Reason> {
        self.judge(|reason| reason == Reason::PartyTooLarge)
    }

    fn judge(&self, counts: impl Fn(Reason) -> bool) -> Result<(), Reason> {
        let holds = |reason| counts(reason) && (self.wish.by != By::Override || reason <= Reason::TooFarAhead);
        let broken = RULES.iter().find(|(reason, broken)| holds(*reason) && broken(self));
        broken.map_or(Ok(()), |(reason, _)| Err(*reason))
    }

    /// Whether the kitchen can take the party beside what begins then already.
    ///
    /// # Errors
    /// `PacingFull`.
    pub fn judge_pacing(&self, begun: Count) -> Result<(), Reason> {
        let admitted = self.wish.by == By::Override || self.house.rules.pacing.admits(begun, self.wish.guests);
        if admitted { Ok(()) } else { Err(Reason::PacingFull) }
    }

    /// The tables that the party may have and that are free, the best first.
    ///
    /// # Errors
    /// `NoTableFits` or `NoTableFree`.
    pub fn choose<'b>(&self, openings: &'b Openings) -> Result<impl Iterator<Item = &'a Unit> + use<'a, 'b>, Reason> {
        self.choose_for(openings, self.hold())
    }

    /// The tables that the party may have and that are free for another stretch of time than its own, the best first.
    ///
    /// # Errors
    /// As [`Case::choose`].
    pub fn choose_for<'b>(&self, openings: &'b Openings, hold: Span) -> Result<impl Iterator<Item = &'a Unit> + use<'a, 'b>, Reason> {
        let case = *self;
        let mut fitting = case.house.floor.units().iter().filter(move |unit| case.fits(unit)).peekable();
        if fitting.peek().is_none() {
            return Err(Reason::NoTableFits);
        }
        let mut free = fitting.filter(move |unit| openings.is_free(unit, hold)).peekable();
        if free.peek().is_none() { Err(Reason::NoTableFree) } else { Ok(free) }
    }

    /// The whole judgement: the tables that the party can have, the best first.
    ///
    /// # Errors
    /// The first reason why it can have none.
    pub fn judge_all<'b>(&self, taken: Taken<'b>) -> Result<impl Iterator<Item = &'a Unit> + use<'a, 'b>, Reason> {
        self.judge_time_and_party()?;
        self.judge_pacing(taken.counts.get(&bucket(self.start)).copied().unwrap_or_default())?;
        self.choose(taken.openings)
    }

    /// Whether a unit may seat the party, taken or not.
    pub fn fits(&self, unit: &Unit) -> bool {
        let (wish, spare) = (&self.wish, unit.capacity - self.wish.guests);
        let small = self.house.rules.max_spare_seats.is_none_or(|limit| spare <= limit);
        spare >= 0
            && wish.area.is_none_or(|area| unit.area == Some(area))
            && (wish.by == By::Override || small)
            && (wish.by != By::Guest || unit.online && wish.guests >= unit.min_party)
    }

    /// Whether parties are seated at the time.
    fn seats(&self) -> bool {
        match self.hours {
            Hours::AroundTheClock { .. } => true,
            Hours::In(sitting) => self.start <= sitting.last_seating,
            Hours::Closed => false,
        }
    }

    /// Whether bookings begin at the time.
    fn is_on_step(&self) -> bool {
        let rule = self.house.rules.slot_minutes;
        let (since, step) = match self.hours {
            Hours::AroundTheClock { since } => (since, rule),
            Hours::In(sitting) => (sitting.opens, sitting.service.slot_minutes.or(rule)),
            Hours::Closed => return true,
        };
        let past = self.start.duration_since(since).as_nanos();
        step.is_none_or(|step| past % SignedDuration::from_mins(step.into()).as_nanos() == 0)
    }

    /// The smallest and the largest party that is taken at the time.
    fn parties(&self) -> (i32, i32) {
        let (service, rules) = (self.hours.service(), &self.house.rules);
        let smallest = service.and_then(|service| service.min_party).unwrap_or(rules.min_party);
        let largest = service.and_then(|service| service.max_party).unwrap_or(rules.max_party);
        (smallest, largest)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::floor::tests::table;
    use crate::floor::{Area, Floor, Group, Table};
    use crate::openings::Hold;
    use crate::rules::{Pacing, Rules, TurnTime};
    use crate::schedule::tests::{service, weekly};
    use crate::schedule::{Schedule, Service};

    /// A Tuesday.
    const NOW: &str = "2030-05-14T10:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// A house in Berlin with tables for two and four, dinner from Tuesday to Saturday, and brunch on Sunday, without bookings.
    fn house() -> House {
        let dinner = weekly(&["tuesday", "wednesday", "thursday", "friday", "saturday"], service("Dinner", ["18:00", "21:30", "23:30"]));
        let brunch = weekly(&["sunday"], Service { online: false, ..service("Brunch", ["10:00", "13:00", "15:00"]) });
        House {
            time_zone: TimeZone::get("Europe/Berlin").expect("a zone"),
            max_ahead: SignedDuration::from_hours(24 * 30),
            rules: Rules::default(),
            schedule: Schedule::new(vec![dinner, brunch], Vec::new()),
            pause_until: None,
            floor: Floor::new(&[], vec![table(1, 2), table(2, 4)], &[]),
        }
    }

    fn with(rules: Rules) -> House {
        House { rules, ..house() }
    }

    fn wish(guests: i32) -> Wish {
        Wish { guests, minutes: None, area: None, by: By::Guest }
    }

    fn case<'a>(house: &'a House, wish: Wish, start: &str) -> Case<'a> {
        let start = at(start);
        Case::new(house, &Calendar::around(house, start), wish, start, at(NOW))
    }

    /// The tables that a party gets, by their numbers.
    fn judged(house: &House, wish: Wish, start: &str, holds: &[Hold], counts: &Counts) -> Result<Vec<Vec<i32>>, Reason> {
        let case = case(house, wish, start);
        let openings = Openings::new(&house.floor, holds, Span::new(at(start), SignedDuration::from_hours(12)), at(NOW));
        let units = case.judge_all(Taken { openings: &openings, counts })?;
        Ok(units.map(|unit| house.floor.ids(unit)).collect())
    }

    fn judge(house: &House, wish: Wish, start: &str) -> Result<Vec<Vec<i32>>, Reason> {
        judged(house, wish, start, &[], &Counts::new())
    }

    fn by(by: By, guests: i32) -> Wish {
        Wish { by, ..wish(guests) }
    }

    #[test]
    fn past() {
        let house = House { schedule: Schedule::default(), ..house() };
        assert_eq!(judge(&house, wish(2), "2030-05-14T09:59:59.999999Z"), Err(Reason::Past));
        assert_eq!(judge(&house, wish(2), NOW), Ok(vec![vec![1], vec![2]]));
        assert_eq!(judge(&house, by(By::Override, 2), "2030-05-14T09:00:00Z"), Err(Reason::Past));
    }

    #[test]
    fn too_far_ahead() {
        let house = House { schedule: Schedule::default(), ..house() };
        assert_eq!(judge(&house, wish(3), "2030-06-13T10:00:00Z"), Ok(vec![vec![2]]));
        assert_eq!(judge(&house, wish(3), "2030-06-13T10:00:00.000001Z"), Err(Reason::TooFarAhead));
        assert_eq!(judge(&house, by(By::Override, 3), "2030-06-14T10:00:00Z"), Err(Reason::TooFarAhead));
    }

    #[test]
    fn too_soon() {
        let house = with(Rules { min_notice_minutes: 480, ..Rules::default() });
        assert_eq!(judge(&house, wish(2), "2030-05-14T17:59:00Z"), Err(Reason::TooSoon));
        assert_eq!(judge(&house, wish(2), "2030-05-14T18:00:00Z"), Ok(vec![vec![1], vec![2]]));
        assert_eq!(judge(&house, by(By::Staff, 2), "2030-05-14T17:59:00Z"), Err(Reason::TooSoon));
        assert!(judge(&house, by(By::Override, 2), "2030-05-14T17:59:00Z").is_ok());
    }

    #[test]
    fn closed() {
        let house = house();
        // The last seating is 21:30 in Berlin.
        for (start, open) in [
            ("2030-05-14T15:59:00Z", false),
            ("2030-05-14T16:00:00Z", true),
            ("2030-05-14T19:30:00Z", true),
            ("2030-05-14T19:31:00Z", false),
            ("2030-05-14T21:30:00Z", false),
            ("2030-05-20T17:00:00Z", false),
        ] {
            let expected = if open { Ok(vec![vec![1], vec![2]]) } else { Err(Reason::Closed) };
            assert_eq!(judge(&house, wish(2), start), expected, "{start}");
            assert!(judge(&house, by(By::Override, 2), start).is_ok(), "{start}");
        }
        assert_eq!(judge(&house, by(By::Staff, 2), "2030-05-20T17:00:00Z"), Err(Reason::Closed));
    }

    #[test]
    fn off_step() {
        let stepped = |of_service| {
            let dinner = Service { slot_minutes: of_service, ..service("Dinner", ["18:10", "21:40", "23:30"]) };
            let schedule = Schedule::new(vec![weekly(&["tuesday"], dinner)], Vec::new());
            House { schedule, ..with(Rules { slot_minutes: Some(60), ..Rules::default() }) }
        };
        assert_eq!(judge(&stepped(None), wish(2), "2030-05-14T17:00:00Z"), Err(Reason::OffStep));
        assert!(judge(&stepped(None), wish(2), "2030-05-14T17:10:00Z").is_ok());
        assert_eq!(judge(&stepped(None), wish(2), "2030-05-14T17:10:00.000001Z"), Err(Reason::OffStep));
        assert_eq!(judge(&stepped(None), wish(2), "2030-05-14T16:25:00Z"), Err(Reason::OffStep));
        assert!(judge(&stepped(Some(15)), wish(2), "2030-05-14T16:25:00Z").is_ok());
        assert!(judge(&stepped(None), by(By::Override, 2), "2030-05-14T17:00:00Z").is_ok());
        // Around the clock the steps are counted from midnight, which is a quarter to the hour of UTC in Kathmandu.
        let time_zone = TimeZone::get("Asia/Kathmandu").expect("a zone");
        let always = House { time_zone, schedule: Schedule::default(), ..with(Rules { slot_minutes: Some(60), ..Rules::default() }) };
        assert_eq!(judge(&always, wish(2), "2030-05-14T17:00:00Z"), Err(Reason::OffStep));
        assert!(judge(&always, wish(2), "2030-05-14T17:15:00Z").is_ok());
    }

    #[test]
    fn paused() {
        let house = House { pause_until: Some(at("2030-05-14T17:00:00Z")), ..house() };
        assert_eq!(judge(&house, wish(2), "2030-05-14T16:59:00Z"), Err(Reason::Paused));
        assert!(judge(&house, wish(2), "2030-05-14T17:00:00Z").is_ok());
        assert_eq!(judge(&house, by(By::Staff, 2), "2030-05-14T16:00:00Z"), Err(Reason::Paused));
        assert!(judge(&house, by(By::Override, 2), "2030-05-14T16:00:00Z").is_ok());
    }

    #[test]
    fn walk_in_only() {
        assert_eq!(judge(&house(), wish(2), "2030-05-19T09:00:00Z"), Err(Reason::WalkInOnly));
        assert!(judge(&house(), by(By::Staff, 2), "2030-05-19T09:00:00Z").is_ok());
    }

    #[test]
    fn party_too_small_or_too_large() {
        let limited = |min_party, max_party| {
            let dinner = Service { min_party, max_party, ..service("Dinner", ["18:00", "21:30", "23:30"]) };
            let schedule = Schedule::new(vec![weekly(&["tuesday"], dinner)], Vec::new());
            House { schedule, ..with(Rules { min_party: 2, max_party: 3, ..Rules::default() }) }
        };
        let (rule, of_service) = (limited(None, None), limited(Some(1), Some(4)));
        for (house, guests, reason) in [
            (&rule, 1, Some(Reason::PartyTooSmall)),
            (&rule, 2, None),
            (&rule, 3, None),
            (&rule, 4, Some(Reason::PartyTooLarge)),
            (&of_service, 1, None),
            (&of_service, 4, None),
            (&of_service, 5, Some(Reason::PartyTooLarge)),
        ] {
            assert_eq!(judge(house, wish(guests), "2030-05-14T17:00:00Z").err(), reason, "{guests}");
            assert_eq!(judge(house, by(By::Staff, guests), "2030-05-14T17:00:00Z").err(), reason, "{guests}");
        }
        assert!(judge(&rule, by(By::Override, 1), "2030-05-14T17:00:00Z").is_ok());
        assert!(judge(&rule, by(By::Override, 4), "2030-05-14T17:00:00Z").is_ok());
        assert_eq!(case(&rule, wish(4), "2030-05-14T17:00:00Z").judge_growth(), Err(Reason::PartyTooLarge));
        assert_eq!(case(&rule, wish(1), "2030-05-14T17:00:00Z").judge_growth(), Ok(()));
        // What is judged is the party alone.
        assert_eq!(case(&rule, wish(3), "2030-05-20T17:00:00Z").judge_growth(), Ok(()));
    }

    #[test]
    fn pacing_full() {
        let house = with(Rules { pacing: Pacing { covers: Some(6), parties: None }, ..Rules::default() });
        let counts = Counts::from([(at("2030-05-14T17:00:00Z"), Count { covers: 4, parties: 1 })]);
        let judge = |wish, start| judged(&house, wish, start, &[], &counts).err();
        assert_eq!(judge(wish(2), "2030-05-14T17:14:00Z"), None);
        assert_eq!(judge(wish(3), "2030-05-14T17:14:00Z"), Some(Reason::PacingFull));
        assert_eq!(judge(wish(3), "2030-05-14T17:15:00Z"), None);
        assert_eq!(judge(wish(3), "2030-05-14T16:59:00Z"), None);
        assert_eq!(judge(by(By::Staff, 3), "2030-05-14T17:00:00Z"), Some(Reason::PacingFull));
        assert_eq!(judge(by(By::Override, 3), "2030-05-14T17:00:00Z"), None);
    }

    #[test]
    fn no_table_fits() {
        let areas = [Area { id: 1, online: true, position: 0 }];
        let tables = vec![table(1, 2), Table { area: Some(1), ..table(2, 4) }, Table { online: false, ..table(3, 6) }];
        let tables = tables.into_iter().chain([Table { min_party: 7, ..table(4, 8) }]).collect();
        let house = House { floor: Floor::new(&areas, tables, &[]), ..with(Rules { max_spare_seats: Some(2), ..Rules::default() }) };
        let start = "2030-05-14T17:00:00Z";
        for (wish, expected) in [
            (wish(1), Ok(vec![vec![1]])),
            (wish(2), Ok(vec![vec![1], vec![2]])),
            (wish(5), Err(Reason::NoTableFits)),
            (wish(6), Err(Reason::NoTableFits)),
            (wish(7), Ok(vec![vec![4]])),
            (wish(9), Err(Reason::NoTableFits)),
            (by(By::Staff, 1), Ok(vec![vec![1]])),
            (by(By::Staff, 5), Ok(vec![vec![3]])),
            (by(By::Staff, 6), Ok(vec![vec![3], vec![4]])),
            (by(By::Override, 1), Ok(vec![vec![1], vec![2], vec![3], vec![4]])),
            (by(By::Override, 9), Err(Reason::NoTableFits)),
            (Wish { area: Some(1), ..wish(2) }, Ok(vec![vec![2]])),
            (Wish { area: Some(1), ..wish(1) }, Err(Reason::NoTableFits)),
            (Wish { area: Some(2), ..wish(2) }, Err(Reason::NoTableFits)),
            (Wish { area: Some(1), ..by(By::Override, 5) }, Err(Reason::NoTableFits)),
        ] {
            assert_eq!(judge(&house, wish, start), expected, "{wish:?}");
        }
    }

    #[test]
    fn no_table_free() {
        let house = with(Rules { buffer_minutes: 15, ..Rules::default() });
        let hold = |table_id, start, end| Hold { table_id, span: Span { start: at(start), end: at(end) }, seated: false };
        let held = [hold(1, "2030-05-14T19:00:00Z", "2030-05-14T21:00:00Z"), hold(2, "2030-05-14T19:05:00Z", "2030-05-14T21:00:00Z")];
        let judge = |wish, start| judged(&house, wish, start, &held, &Counts::new());
        // Two hours, and a quarter of an hour after them.
        assert_eq!(judge(wish(2), "2030-05-14T16:45:00Z"), Ok(vec![vec![1], vec![2]]));
        assert_eq!(judge(wish(2), "2030-05-14T16:50:00Z"), Ok(vec![vec![2]]));
        assert_eq!(judge(wish(2), "2030-05-14T16:51:00Z"), Err(Reason::NoTableFree));
        assert_eq!(judge(by(By::Override, 2), "2030-05-14T16:51:00Z"), Err(Reason::NoTableFree));
        assert_eq!(judge(Wish { minutes: Some(60), ..wish(2) }, "2030-05-14T17:50:00Z"), Ok(vec![vec![2]]));
    }

    #[test]
    fn a_group_seats_more_than_its_tables() {
        let pair = Group { id: 1, tables: vec![1, 2], capacity: 8, min_party: 5 };
        let house = House { floor: Floor::new(&[], vec![table(1, 2), table(2, 4)], &[pair]), ..house() };
        assert_eq!(judge(&house, wish(8), "2030-05-14T17:00:00Z"), Ok(vec![vec![1, 2]]));
        assert_eq!(judge(&house, wish(4), "2030-05-14T17:00:00Z"), Ok(vec![vec![2]]));
        assert_eq!(judge(&house, by(By::Staff, 4), "2030-05-14T17:00:00Z"), Ok(vec![vec![2], vec![1, 2]]));
    }

    #[test]
    fn the_first_reason_of_several_is_given() {
        // Monday, closed; the pause and a party that is too large count for nothing then.
        let mut house = with(Rules { max_party: 2, ..Rules::default() });
        house.pause_until = Some(at("2030-05-28T00:00:00Z"));
        assert_eq!(judge(&house, wish(3), "2030-05-20T17:00:00Z"), Err(Reason::Closed));
        assert_eq!(judge(&house, wish(3), "2030-05-21T17:00:00Z"), Err(Reason::Paused));
        assert_eq!(judge(&house, wish(3), "2030-05-26T09:00:00Z"), Err(Reason::Paused));
        house.pause_until = None;
        assert_eq!(judge(&house, wish(3), "2030-05-26T09:00:00Z"), Err(Reason::WalkInOnly));
        assert_eq!(judge(&house, wish(3), "2030-05-28T17:00:00Z"), Err(Reason::PartyTooLarge));
        let reasons: Vec<_> = RULES.iter().map(|(reason, _)| *reason).collect();
        assert!(reasons.is_sorted() && reasons.len() == 9);
    }

    #[test]
    fn a_stay_ends_at_closing_but_not_before_half_an_hour() {
        let turn = |up_to, minutes| TurnTime { up_to, minutes };
        let dinner = weekly(&["tuesday"], service("Dinner", ["18:00", "23:15", "23:30"]));
        let rules = Rules { turn_times: vec![turn(2, 90), turn(4, 150)], buffer_minutes: 20, ..Rules::default() };
        let house = House { schedule: Schedule::new(vec![dinner], Vec::new()), ..with(rules) };
        let asked = |minutes, by| Wish { minutes, by, ..wish(2) };
        for (wish, start, minutes) in [
            (wish(2), "2030-05-14T17:00:00Z", 90),
            (wish(3), "2030-05-14T17:00:00Z", 150),
            (wish(3), "2030-05-14T19:30:00Z", 120),
            (wish(3), "2030-05-14T20:30:30Z", 59),
            (wish(2), "2030-05-14T21:15:00Z", 30),
            (asked(Some(45), By::Guest), "2030-05-14T17:00:00Z", 45),
            (asked(Some(15), By::Guest), "2030-05-14T21:15:00Z", 15),
            (asked(Some(90), By::Guest), "2030-05-14T21:00:00Z", 30),
            (asked(Some(90), By::Staff), "2030-05-14T20:45:00Z", 45),
            (asked(Some(90), By::Override), "2030-05-14T21:00:00Z", 90),
            (asked(None, By::Override), "2030-05-14T21:00:00Z", 30),
            (asked(None, By::Override), "2030-05-14T22:00:00Z", 90),
        ] {
            let case = case(&house, wish, start);
            assert_eq!(case.minutes(), minutes, "{wish:?} {start}");
            assert_eq!(case.stay(), Span::new(at(start), SignedDuration::from_mins(minutes.into())));
            assert_eq!(case.hold(), Span::new(at(start), SignedDuration::from_mins(i64::from(minutes) + 20)));
        }
        assert_eq!(case(&house, wish(2), "2030-05-14T17:00:00Z").service(), Some("Dinner"));
        assert_eq!(case(&house, wish(2), "2030-05-14T22:00:00Z").service(), None);
    }
}
