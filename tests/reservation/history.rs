//! Random histories against a model: what the service answers is what a list of bookings in memory says, nothing overlaps, and
//! nothing is lost.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use restaurant_booking_tests::{Api, Platform, Reply};
use serde_json::{Value, json};

use crate::{house, overlaps, wanted, with};

const CAPACITIES: [i32; 3] = [2, 2, 4];
/// Every booking begins within four hours, so that its party may be seated at any time.
const SLOTS: i64 = 7;

#[derive(Clone, Debug)]
enum Step {
    Create { table: Option<usize>, slot: i64, minutes: i64, guests: i32 },
    Change { which: usize, by_admin: bool, table: Option<Option<usize>>, slot: Option<i64>, minutes: Option<i64>, guests: Option<i32> },
    Act { which: usize, action: &'static str },
}

fn step() -> impl Strategy<Value = Step> {
    let minutes = || prop::sample::select(vec![15_i64, 60, 90, 120]);
    let table = || prop_oneof![Just(None), Just(Some(None)), (0..3_usize).prop_map(|table| Some(Some(table)))];
    let change =
        (0..20_usize, any::<bool>(), table(), prop::option::of(0..SLOTS), prop::option::of(minutes()), prop::option::of(1..=4_i32));
    prop_oneof![
        5 => (prop::option::of(0..3_usize), 0..SLOTS, minutes(), 1..=4_i32)
            .prop_map(|(table, slot, minutes, guests)| Step::Create { table, slot, minutes, guests }),
        4 => change.prop_map(|(which, by_admin, table, slot, minutes, guests)| Step::Change { which, by_admin, table, slot, minutes, guests }),
        4 => (0..20_usize, prop::sample::select(vec!["confirm", "seat", "complete", "cancel"]))
            .prop_map(|(which, action)| Step::Act { which, action }),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Booking {
    id: i64,
    table: usize,
    named: bool,
    start: Timestamp,
    minutes: i64,
    guests: i32,
    status: &'static str,
}

impl Booking {
    /// A party that sits holds its table from before anything that a history asks for.
    fn span(&self) -> (Timestamp, Timestamp) {
        let start = if self.status == "seated" { Timestamp::MIN } else { self.start };
        (start, self.start + SignedDuration::from_mins(self.minutes))
    }

    fn live(&self) -> bool {
        matches!(self.status, "pending" | "confirmed" | "seated")
    }
}

type Expected<T> = Result<T, (u16, &'static str)>;

/// The model: a list.
#[derive(Default)]
struct Model {
    bookings: Vec<Booking>,
}

impl Model {
    fn at(&self, table: usize, but: i64) -> impl Iterator<Item = &Booking> {
        self.bookings.iter().filter(move |held| held.live() && held.table == table && held.id != but)
    }

    fn free(&self, wanted: &Booking, table: usize) -> bool {
        let (start, end) = wanted.span();
        self.at(table, wanted.id).all(|held| held.span().1 <= start || held.span().0 >= end)
    }

    fn occupied(&self, wanted: &Booking, table: usize) -> bool {
        self.at(table, wanted.id).any(|held| held.status == "seated")
    }

    /// The smallest table that seats the party and is free; of two as small, the one of the lower number.
    fn smallest(&self, wanted: &Booking) -> Option<usize> {
        let mut tables: Vec<usize> = (0..3).filter(|table| CAPACITIES[*table] >= wanted.guests).collect();
        tables.sort_by_key(|table| (CAPACITIES[*table], *table));
        tables.into_iter().find(|table| self.free(wanted, *table))
    }

    fn create(&self, wanted: &Booking, named: Option<usize>) -> Expected<usize> {
        match named {
            Some(table) if CAPACITIES[table] < wanted.guests => Err((422, "validation_failed")),
            Some(table) if self.free(wanted, table) => Ok(table),
            Some(_) => Err((409, "table_taken")),
            None => self.smallest(wanted).ok_or((409, "no_table_free")),
        }
    }

    /// The booking after a change; `table` as in the request, `after` with everything else that changes.
    fn change(&self, before: &Booking, mut after: Booking, table: Option<Option<usize>>, by_admin: bool) -> Expected<Booking> {
        let date = |booking: &Booking| booking.start.to_zoned(TimeZone::UTC).date();
        let seated = before.status == "seated";
        if !before.live() || (seated && !by_admin) || (seated && date(&after) != date(before)) {
            return Err((409, "invalid_transition"));
        }
        match table {
            Some(Some(table)) => (after.table, after.named) = (table, true),
            Some(None) => after.named = false,
            None => {}
        }
        let moves = (after.start, after.minutes) != (before.start, before.minutes);
        if before.status == "confirmed" && !by_admin && (moves || after.guests != before.guests) {
            after.status = "pending";
        }
        let released = before.named && !after.named;
        if !(moves || released || after.table != before.table || after.guests > before.guests) {
            return Ok(after);
        }
        let fits = |table: usize| CAPACITIES[table] >= after.guests;
        if after.named && fits(after.table) {
            if self.free(&after, after.table) {
                return Ok(after);
            }
            return Err((409, if seated && self.occupied(&after, after.table) { "table_occupied" } else { "table_taken" }));
        }
        if after.named && matches!(table, Some(Some(_))) {
            return Err((422, "validation_failed"));
        }
        // What the house chose is kept where it does; and whoever sits stays where they sit.
        let kept = (!before.named || seated) && fits(before.table) && self.free(&after, before.table);
        let chosen = if kept { Some(before.table) } else { self.smallest(&after) };
        chosen.map(|table| Booking { table, named: false, ..after }).ok_or((409, "no_table_free"))
    }

    fn act(&self, before: &Booking, action: &str) -> Expected<&'static str> {
        match (action, before.status) {
            ("confirm", "pending") => Ok("confirmed"),
            ("complete", "seated") => Ok("completed"),
            ("cancel", "pending" | "confirmed" | "cancelled") => Ok("cancelled"),
            ("seat", "pending" | "confirmed") => {
                let seated = Booking { status: "seated", ..before.clone() };
                if self.occupied(&seated, before.table) {
                    Err((409, "table_occupied"))
                } else if self.free(&seated, before.table) {
                    Ok("seated")
                } else {
                    Err((409, "table_taken"))
                }
            }
            _ => Err((409, "invalid_transition")),
        }
    }
}

fn refused(step: &Step, reply: &Reply, (status, code): (u16, &str)) -> Result<(), TestCaseError> {
    prop_assert_eq!((reply.status.as_u16(), reply.body["code"].as_str()), (status, Some(code)), "{:?} {}", step, reply.text);
    Ok(())
}

/// What the service says of a booking is what the model does.
fn agrees(step: &Step, body: &Value, booking: &Booking, tables: &[i64]) -> Result<(), TestCaseError> {
    let found =
        ["table_id", "table_named", "reservation_time", "duration_minutes", "guests_count", "status"].map(|name| body[name].clone());
    let expected = [
        json!(tables[booking.table]),
        json!(booking.named),
        json!(booking.start),
        json!(booking.minutes),
        json!(booking.guests),
        json!(booking.status),
    ];
    prop_assert_eq!(found, expected, "{:?}", step);
    Ok(())
}

async fn play(platform: &Platform, (guest, admin): (&Api, &Api), tables: &[i64], steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let now = Timestamp::now().as_second();
    let base = Timestamp::from_second(now - now % 60 + 20 * 60).expect("a time");
    let at = |slot: i64| base + SignedDuration::from_mins(30 * slot);
    for step in steps {
        match step.clone() {
            Step::Create { table, slot, minutes, guests } => {
                let body =
                    with(wanted(at(slot), guests), json!({"duration_minutes": minutes, "table_id": table.map(|table| tables[table])}));
                let reply = guest.post("/reservations/", &body).await;
                let wanted = Booking { id: 0, table: 0, named: table.is_some(), start: at(slot), minutes, guests, status: "pending" };
                match model.create(&wanted, table) {
                    Ok(table) => {
                        prop_assert_eq!(reply.status.as_u16(), 201, "{:?} {}", step, reply.text);
                        let made = Booking { id: reply.id(), table, ..wanted };
                        agrees(&step, &reply.body, &made, tables)?;
                        model.bookings.push(made);
                    }
                    Err(expected) => refused(&step, &reply, expected)?,
                }
            }
            Step::Change { which, by_admin, table, slot, minutes, guests } => {
                let Some(before) = model.bookings.get(which).cloned() else { continue };
                let mut body = json!({});
                for (name, value) in [
                    ("table_id", table.map(|table| json!(table.map(|table| tables[table])))),
                    ("reservation_time", slot.map(|slot| json!(at(slot)))),
                    ("duration_minutes", minutes.map(|minutes| json!(minutes))),
                    ("guests_count", guests.map(|guests| json!(guests))),
                ] {
                    body.as_object_mut().expect("an object").extend(value.map(|value| (name.to_owned(), value)));
                }
                let reply = if by_admin { admin } else { guest }.patch(&format!("/reservations/{}", before.id), &body).await;
                let after = Booking {
                    start: slot.map_or(before.start, at),
                    minutes: minutes.unwrap_or(before.minutes),
                    guests: guests.unwrap_or(before.guests),
                    ..before.clone()
                };
                match model.change(&before, after, table, by_admin) {
                    Ok(after) => {
                        prop_assert_eq!(reply.status.as_u16(), 200, "{:?} {}", step, reply.text);
                        agrees(&step, &reply.body, &after, tables)?;
                        model.bookings[which] = after;
                    }
                    Err(expected) => refused(&step, &reply, expected)?,
                }
            }
            Step::Act { which, action } => {
                let Some(before) = model.bookings.get(which).cloned() else { continue };
                let reply = admin.act(&format!("/reservations/{}/{action}", before.id)).await;
                match model.act(&before, action) {
                    Ok(status) => {
                        prop_assert_eq!((reply.status.as_u16(), &reply.body["status"]), (200, &json!(status)), "{:?} {}", step, reply.text);
                        model.bookings[which].status = status;
                    }
                    Err(expected) => refused(&step, &reply, expected)?,
                }
            }
        }
    }
    prop_assert_eq!(overlaps(platform).await, 0);
    for booking in &model.bookings {
        let path = format!("/reservations/{}", booking.id);
        agrees(&Step::Act { which: 0, action: "end" }, &guest.get(&path).await.body, booking, tables)?;
        if booking.live() {
            let end = if booking.status == "seated" { "complete" } else { "cancel" };
            admin.act(&format!("{path}/{end}")).await.expect(200);
        }
    }
    let held = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM reservation_table").fetch_one(&platform.pool("reservation")).await;
    prop_assert_eq!(held.expect("a count"), 0);
    Ok(())
}

#[test]
fn random_histories_agree_with_a_list_in_memory() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (platform, tables) = runtime.block_on(house(&CAPACITIES));
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let mut runner = TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() });
    let histories = prop::collection::vec(step(), 1..50);
    let played = runner.run(&histories, |steps| runtime.block_on(play(&platform, (&guest, &admin), &tables, steps)));
    played.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(platform.stop());
}
