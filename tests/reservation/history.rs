//! Random histories against a model: what the service answers is what a list of bookings in memory says, nothing overlaps, and
//! nothing is lost.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use restaurant_booking_tests::{Api, Platform};
use serde_json::json;

use crate::{house, in_hours, overlaps, wanted, with};

const CAPACITIES: [i32; 3] = [2, 2, 4];

#[derive(Clone, Debug)]
enum Step {
    Create { table: Option<usize>, slot: i64, minutes: i64, guests: i32 },
    Change { which: usize, table: Option<usize>, slot: Option<i64>, minutes: Option<i64>, guests: Option<i32> },
    Cancel { which: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let minutes = || prop::sample::select(vec![15_i64, 60, 90, 120]);
    prop_oneof![
        4 => (prop::option::of(0..3_usize), 0..12_i64, minutes(), 1..=4_i32)
            .prop_map(|(table, slot, minutes, guests)| Step::Create { table, slot, minutes, guests }),
        3 => (0..20_usize, prop::option::of(0..3_usize), prop::option::of(0..12_i64), prop::option::of(minutes()), prop::option::of(1..=4_i32))
            .prop_map(|(which, table, slot, minutes, guests)| Step::Change { which, table, slot, minutes, guests }),
        2 => (0..20_usize).prop_map(|which| Step::Cancel { which }),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Booking {
    id: i64,
    table: usize,
    start: Timestamp,
    minutes: i64,
    guests: i32,
    live: bool,
}

impl Booking {
    fn end(&self) -> Timestamp {
        self.start + SignedDuration::from_mins(self.minutes)
    }
}

/// The model: a list.
struct Model {
    bookings: Vec<Booking>,
}

impl Model {
    fn free(&self, table: usize, start: Timestamp, minutes: i64, but: Option<i64>) -> bool {
        let end = start + SignedDuration::from_mins(minutes);
        self.bookings
            .iter()
            .all(|held| !held.live || held.table != table || Some(held.id) == but || held.end() <= start || held.start >= end)
    }

    /// The smallest table that seats the party and is free; of two as small, the one of the lower number.
    fn smallest(&self, guests: i32, start: Timestamp, minutes: i64, but: Option<i64>) -> Option<usize> {
        let mut tables: Vec<usize> = (0..3).filter(|table| CAPACITIES[*table] >= guests).collect();
        tables.sort_by_key(|table| (CAPACITIES[*table], *table));
        tables.into_iter().find(|table| self.free(*table, start, minutes, but))
    }
}

async fn play(platform: &Platform, guest: &Api, tables: &[i64], base: Timestamp, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut model = Model { bookings: Vec::new() };
    let at = |slot: i64| base + SignedDuration::from_mins(30 * slot);
    for step in steps {
        match step.clone() {
            Step::Create { table, slot, minutes, guests } => {
                let body =
                    with(wanted(at(slot), guests), json!({"duration_minutes": minutes, "table_id": table.map(|table| tables[table])}));
                let reply = guest.post("/reservations/", &body).await;
                let expected = match table {
                    Some(table) if CAPACITIES[table] < guests => Err((422, "validation_failed")),
                    Some(table) if model.free(table, at(slot), minutes, None) => Ok(table),
                    Some(_) => Err((409, "table_taken")),
                    None => model.smallest(guests, at(slot), minutes, None).ok_or((409, "no_table_free")),
                };
                match expected {
                    Ok(table) => {
                        prop_assert_eq!(reply.status.as_u16(), 201, "{:?} {}", step, reply.text);
                        prop_assert_eq!(&reply.body["table_id"], tables[table], "{:?}", step);
                        model.bookings.push(Booking { id: reply.id(), table, start: at(slot), minutes, guests, live: true });
                    }
                    Err((status, code)) => {
                        prop_assert_eq!(
                            (reply.status.as_u16(), reply.body["code"].as_str()),
                            (status, Some(code)),
                            "{:?} {}",
                            step,
                            reply.text
                        );
                    }
                }
            }
            Step::Change { which, table, slot, minutes, guests } => {
                let Some(before) = model.bookings.get(which).cloned() else { continue };
                let mut body = json!({});
                for (name, value) in [
                    ("table_id", table.map(|table| json!(tables[table]))),
                    ("reservation_time", slot.map(|slot| json!(at(slot)))),
                    ("duration_minutes", minutes.map(|minutes| json!(minutes))),
                    ("guests_count", guests.map(|guests| json!(guests))),
                ] {
                    body.as_object_mut().expect("an object").extend(value.map(|value| (name.to_owned(), value)));
                }
                let reply = guest.patch(&format!("/reservations/{}", before.id), &body).await;
                let mut after = Booking {
                    table: table.unwrap_or(before.table),
                    start: slot.map_or(before.start, at),
                    minutes: minutes.unwrap_or(before.minutes),
                    guests: guests.unwrap_or(before.guests),
                    ..before.clone()
                };
                let does =
                    |table: usize| CAPACITIES[table] >= after.guests && model.free(table, after.start, after.minutes, Some(before.id));
                let expected = if !before.live {
                    Err((409, "invalid_transition"))
                } else if does(after.table) {
                    Ok(after.table)
                } else if after == before {
                    Ok(before.table)
                } else if CAPACITIES[after.table] >= after.guests {
                    Err((409, "table_taken"))
                } else if table.is_some() {
                    Err((422, "validation_failed"))
                } else {
                    model.smallest(after.guests, after.start, after.minutes, Some(before.id)).ok_or((409, "no_table_free"))
                };
                match expected {
                    Ok(table) => {
                        after.table = table;
                        prop_assert_eq!(reply.status.as_u16(), 200, "{:?} {}", step, reply.text);
                        prop_assert_eq!(&reply.body["table_id"], tables[table], "{:?}", step);
                        model.bookings[which] = after;
                    }
                    Err((status, code)) => {
                        prop_assert_eq!(
                            (reply.status.as_u16(), reply.body["code"].as_str()),
                            (status, Some(code)),
                            "{:?} {}",
                            step,
                            reply.text
                        );
                    }
                }
            }
            Step::Cancel { which } => {
                let Some(booking) = model.bookings.get_mut(which) else { continue };
                let reply = guest.act(&format!("/reservations/{}/cancel", booking.id)).await;
                prop_assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
                booking.live = false;
            }
        }
    }
    for booking in &model.bookings {
        let kept = guest.get(&format!("/reservations/{}", booking.id)).await;
        let found = (&kept.body["table_id"], &kept.body["reservation_time"], &kept.body["duration_minutes"], &kept.body["guests_count"]);
        let expected = (&json!(tables[booking.table]), &json!(booking.start), &json!(booking.minutes), &json!(booking.guests));
        prop_assert_eq!(found, expected);
        prop_assert_eq!(kept.body["status"] == "pending", booking.live);
        if booking.live {
            guest.act(&format!("/reservations/{}/cancel", booking.id)).await.expect(200);
        }
    }
    prop_assert_eq!(overlaps(platform).await, 0);
    Ok(())
}

#[test]
fn random_histories_agree_with_a_list_in_memory() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (platform, tables) = runtime.block_on(house(&CAPACITIES));
    let guest = platform.user("reservation", 5);
    let base = in_hours(48);
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() });
    let histories = prop::collection::vec(step(), 1..40);
    let played = runner.run(&histories, |steps| runtime.block_on(play(&platform, &guest, &tables, base, steps)));
    played.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(platform.stop());
}
