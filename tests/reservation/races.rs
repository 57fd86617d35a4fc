//! The floor under races: 32 clients on two replicas book, move, join, block, seat, undo and edit at random. Whatever happens, what the
//! database holds afterwards is what the bookings say.

use std::collections::BTreeMap;
use std::sync::Arc;

use chassis::http::identity::Role;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Api, Platform, Reply, Setup, token};
use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::{furnish, overlaps, wanted, with};

const CLIENTS: usize = 32;
/// What each client does.
const STEPS: usize = 50;
/// The tables: by two and two they are joined, and the first four are one group as well.
const CAPACITIES: [i32; 6] = [4, 4, 4, 4, 2, 2];
/// A half hour from now on at which a booking begins: one of the next, where parties may be seated, or one of the next days.
fn slot() -> impl Strategy<Value = i64> {
    prop_oneof![0..8_i64, 48..240_i64]
}

#[derive(Clone, Debug)]
enum Step {
    Book { slot: i64, guests: i32, table: Option<usize> },
    Join { slot: i64, tables: Vec<usize> },
    WalkIn { guests: i32 },
    Change { slot: Option<i64>, guests: Option<i32>, tables: Option<Vec<usize>> },
    Act(&'static str),
    Block { slot: i64, table: usize },
    Unblock,
    Group { capacity: i32 },
    Use { table: usize, active: bool },
    Pace { covers: i32 },
}

fn step() -> impl Strategy<Value = Step> {
    let table = || 0..CAPACITIES.len();
    let tables = || prop::sample::subsequence(vec![0, 1, 2, 3], 1..=2);
    prop_oneof![
        10 => (slot(), 1..=14_i32, prop::option::weighted(0.3, table())).prop_map(|(slot, guests, table)| Step::Book { slot, guests, table }),
        2 => (slot(), tables()).prop_map(|(slot, tables)| Step::Join { slot, tables }),
        2 => (1..=6_i32).prop_map(|guests| Step::WalkIn { guests }),
        6 => (prop::option::of(slot()), prop::option::of(1..=14_i32), prop::option::weighted(0.3, tables()))
            .prop_map(|(slot, guests, tables)| Step::Change { slot, guests, tables }),
        12 => prop::sample::select(vec!["confirm", "seat", "complete", "cancel", "cancel", "no-show", "reopen", "reopen"]).prop_map(Step::Act),
        1 => (slot(), table()).prop_map(|(slot, table)| Step::Block { slot, table }),
        2 => Just(Step::Unblock),
        1 => (9..=16_i32).prop_map(|capacity| Step::Group { capacity }),
        1 => (4..6_usize, any::<bool>()).prop_map(|(table, active)| Step::Use { table, active }),
        1 => (10..=40_i32).prop_map(|covers| Step::Pace { covers }),
    ]
}

/// What the clients act on.
struct Place {
    pool: PgPool,
    tables: Vec<i64>,
    group: i64,
    base: Timestamp,
}

impl Place {
    fn time(&self, slot: i64) -> Timestamp {
        self.base + SignedDuration::from_mins(30 * slot)
    }

    async fn any(&self, sql: &'static str) -> Option<i32> {
        sqlx::query_scalar(sql).fetch_optional(&self.pool).await.expect("one")
    }

    async fn take(&self, api: &Api, step: Step) -> Option<Reply> {
        const BOOKING: &str = "SELECT id FROM reservation ORDER BY random() LIMIT 1";
        let ids = |tables: &[usize]| tables.iter().map(|table| self.tables[*table]).collect::<Vec<_>>();
        Some(match step {
            Step::Book { slot, guests, table } => {
                let table = table.map(|table| self.tables[table]);
                api.post("/reservations/", &with(wanted(self.time(slot), guests), json!({"table_id": table}))).await
            }
            Step::Join { slot, tables } => {
                api.post("/reservations/", &with(wanted(self.time(slot), 2), json!({"table_ids": ids(&tables)}))).await
            }
            Step::WalkIn { guests } => api.post("/reservations/walk-ins", &json!({"guests_count": guests})).await,
            Step::Change { slot, guests, tables } => {
                let path = format!("/reservations/{}", self.any(BOOKING).await?);
                let mut change = json!({});
                if let Some(slot) = slot {
                    change["reservation_time"] = json!(self.time(slot));
                }
                if let Some(guests) = guests {
                    change["guests_count"] = json!(guests);
                }
                if let Some(tables) = tables {
                    change["table_ids"] = json!(ids(&tables));
                }
                api.patch(&path, &change).await
            }
            Step::Act(action) => api.act(&format!("/reservations/{}/{action}", self.any(BOOKING).await?)).await,
            Step::Block { slot, table } => {
                let (from, until) = (self.time(slot), self.time(slot + 2));
                api.post("/reservations/blocks", &json!({"table_ids": [self.tables[table]], "from": from, "until": until})).await
            }
            Step::Unblock => {
                let block = self.any("SELECT id FROM block ORDER BY random() LIMIT 1").await?;
                api.delete(&format!("/reservations/blocks/{block}")).await
            }
            Step::Group { capacity } => {
                let body = json!({"name": "All", "table_ids": &self.tables[..4], "capacity": capacity});
                api.put(&format!("/reservations/table-groups/{}", self.group), &body).await
            }
            Step::Use { table, active } => {
                let body = json!({"table_number": table + 1, "capacity": CAPACITIES[table], "is_active": active});
                api.put(&format!("/reservations/tables/{}", self.tables[table]), &body).await
            }
            Step::Pace { covers } => api.put("/reservations/rules", &json!({"pacing": {"covers": covers}, "buffer_minutes": 15})).await,
        })
    }
}

async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_32_clients_do_at_once_no_table_is_lost_nor_sold_twice() {
    let restaurant = Restaurant { limits: Limits::NONE, ..Restaurant::default() };
    let platform = Platform::start(Setup { replicas: 2, restaurant, ..Setup::only("reservation") }).await;
    let tables = furnish(&platform, &CAPACITIES).await;
    let admin = platform.admin("reservation");
    let join = async |tables: &[i64], capacity: i32| {
        let body = json!({"name": "Joined", "table_ids": tables, "capacity": capacity});
        admin.post("/reservations/table-groups", &body).await.expect(201).id()
    };
    let group = join(&tables[..4], 14).await;
    for pair in tables.chunks(2) {
        join(pair, 7).await;
    }
    admin.put("/reservations/rules", &json!({"pacing": {"covers": 24}, "buffer_minutes": 15})).await.expect(200);
    let now = Timestamp::now().as_second();
    let base = Timestamp::from_second(now - now % 1800 + 1800).expect("a time");
    let place = Arc::new(Place { pool: platform.pool("reservation"), tables, group, base });
    let mut runner = TestRunner::default();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let steps = prop::collection::vec(step(), STEPS).new_tree(&mut runner).expect("steps").current();
        let (place, api) = (place.clone(), admin.at(platform.bases("reservation")[client % 2]).with_token(token::token(1, Role::Admin)));
        clients.spawn(async move {
            let mut answers: BTreeMap<String, usize> = BTreeMap::new();
            for step in steps {
                let kind = format!("{step:?}");
                let kind = kind.split([' ', '(']).next().unwrap_or_default().to_owned();
                if let Some(reply) = place.take(&api, step.clone()).await {
                    let status = reply.status.as_u16();
                    // An edit a second may be too many for a judgement, which says so.
                    let overloaded = status == 503 && reply.body["code"] == "overloaded";
                    assert!(status < 500 || overloaded, "{step:?}: {}", reply.text);
                    *answers.entry(format!("{kind} {status}")).or_default() += 1;
                }
            }
            answers
        });
    }
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(one) = clients.join_next().await {
        for (answer, count) in one.expect("a client ends well") {
            *answers.entry(answer).or_default() += count;
        }
    }
    let made = |answer: &str| answers.get(answer).copied().unwrap_or(0);
    assert!(made("Book 201") > 20 && made("Change 200") > 20 && made("Act 200") > 60 && made("Block 201") > 0, "{answers:?}");
    assert!(made("Join 201") > 0 && made("WalkIn 201") > 0, "{answers:?}");

    let pool = &place.pool;
    assert_eq!(overlaps(&platform).await, 0, "{answers:?}");
    // Each booking that holds its tables holds each of them once, without a gap, and at least for its whole time; a party that sits and moves
    // holds the other table from then on.
    let lost = "SELECT count(*) FROM reservation r CROSS JOIN unnest(r.table_ids) AS t (id)
        LEFT JOIN LATERAL (
            SELECT min(start_at) AS start_at, max(end_at) AS end_at, sum(end_at - start_at) AS length FROM reservation_table h
            WHERE h.reservation_id = r.id AND h.table_id = t.id
        ) AS h ON true
        WHERE r.status IN ('pending', 'confirmed', 'seated') AND NOT coalesce(h.length = h.end_at - h.start_at
            AND (h.start_at <= r.reservation_time OR r.status = 'seated') AND h.end_at >= r.reservation_time + make_interval(mins => r.duration_minutes), false)";
    assert_eq!(number(pool, lost).await, 0, "{answers:?}");
    let strays = "SELECT count(*) FROM reservation_table h LEFT JOIN reservation r ON r.id = h.reservation_id
        WHERE h.block_id IS NULL AND (r.status NOT IN ('pending', 'confirmed', 'seated') OR h.table_id <> ALL (r.table_ids)
            OR h.seated AND r.status <> 'seated')";
    assert_eq!(number(pool, strays).await, 0, "{answers:?}");
    let sits = "SELECT count(*) FROM reservation r CROSS JOIN unnest(r.table_ids) AS t (id) WHERE r.status = 'seated'
        AND (SELECT count(*) FROM reservation_table h WHERE h.reservation_id = r.id AND h.table_id = t.id AND h.seated) <> 1";
    assert_eq!(number(pool, sits).await, 0, "{answers:?}");
    let blocked = "SELECT count(*) FROM block b CROSS JOIN unnest(b.table_ids) AS t (id)
        JOIN reservation_table h ON h.table_id = t.id AND h.block_id IS NULL AND h.start_at < b.until_at AND h.end_at > b.from_at
        JOIN reservation r ON r.id = h.reservation_id WHERE NOT h.seated";
    assert_eq!(number(pool, blocked).await, 0, "{answers:?}");
    let large = "SELECT count(*) FROM reservation r WHERE cardinality(r.table_ids) = 1 AND r.status IN ('pending', 'confirmed', 'seated')
        AND r.guests_count > (SELECT capacity FROM \"table\" t WHERE t.id = r.table_id)";
    assert_eq!(number(pool, large).await, 0, "{answers:?}");
    let inactive = "SELECT count(*) FROM reservation r JOIN \"table\" t ON t.id = ANY(r.table_ids)
        WHERE r.status IN ('pending', 'confirmed', 'seated') AND NOT t.is_active AND r.reservation_time > now()";
    assert_eq!(number(pool, inactive).await, 0, "{answers:?}");
    let counted = "SELECT count(*) FROM (
            SELECT quarter(reservation_time) AS bucket, sum(guests_count)::bigint AS covers, count(*) AS parties FROM reservation
            WHERE status NOT IN ('cancelled', 'no_show') AND source <> 'walk_in' GROUP BY 1
        ) AS sums FULL JOIN pacing p USING (bucket)
        WHERE (coalesce(sums.covers, 0), coalesce(sums.parties, 0)) <> (coalesce(p.covers, 0), coalesce(p.parties, 0))";
    assert_eq!(number(pool, counted).await, 0, "{answers:?}");
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    eprintln!("{} deadlocks that the service tried again; {answers:?}", number(pool, deadlocks).await);
    platform.stop().await;
}
