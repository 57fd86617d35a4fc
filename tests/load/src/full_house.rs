//! A restaurant with all its rules: hours, turn times, pacing, 60 tables, 10 groups, and 100,000 bookings ahead. How fast it takes bookings
//! beside the same restaurant without any rule, and how long its calendar takes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::http::identity::Role;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use sqlx::Executor as _;

use crate::Result;
use crate::client::{Ask, Client, Until, drive, request, request_with};
use crate::platform::{DAYS_AHEAD, Platform};
use crate::report::{Goal, Report};
use crate::service::Service;
use crate::stats::{Latencies, Rate};

/// The databases of the restaurant with its rules and without.
const FULL: &str = "full_house";
const PLAIN: &str = "plain_house";
const TABLES: u64 = 60;
const GROUPS: u64 = 10;
/// When parties come, in hours of the day: at each of them every table but the last is booked.
const SITTINGS: [u64; 4] = [12, 14, 18, 20];
/// How many days are booked.
const BOOKED: u64 = 425;
/// The days in which the bookings that are measured begin, and how many they are.
const FIRST: u64 = 500;
const DAYS: u64 = 2500;
const CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_secs(4);
const ROUNDS: u64 = 3;
/// How often a day and a calendar are asked for, and how often before that counts.
const TIMES: u64 = 50;
const BEFORE: u64 = 12;
/// For so long the service knows what it has read of a day, and a little longer: each time everything is read anew.
const KEPT: Duration = Duration::from_millis(1050);
/// How many guests a second look at the page, for how long, and at how many days.
const VIEWS: u32 = 200;
const VIEWING: Duration = Duration::from_secs(15);
const VIEWED: u64 = 60;
/// Requests of a client in a round at most.
const OF_A_ROUND: u64 = 6000;

/// Gives a database its tables and its bookings.
async fn furnish(platform: &Platform, name: &str) -> Result<()> {
    platform.postgres.create_database(name).await?;
    let mut database = platform.connect(name).await?;
    reservation::MIGRATOR.run_direct(None, &mut database, false).await?;
    let statements = format!(
        r#"SET session_replication_role = replica;
           INSERT INTO "table" (table_number, capacity) SELECT n, 4 + n % 5 FROM generate_series(1, {TABLES}) n;
           INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, status, contact_phone,
               contact_email, created_at)
             SELECT 'F' || t || '-' || d || '-' || h, 1 + (t * 7 + d) % 20000, t, ARRAY[t], 2,
               (date_trunc('day', now() AT TIME ZONE 'UTC') + make_interval(days => d, hours => h)) AT TIME ZONE 'UTC', 'confirmed',
               '+44 20 7946 0958', 'guest' || t * 7 + d || '@example.com', now() - interval '3 days'
             FROM generate_series(1, {TABLES} - 1) t, generate_series(1, {BOOKED}) d, unnest(ARRAY{SITTINGS:?}) h;
           INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '2 hours' FROM reservation;"#
    );
    database.execute(sqlx::AssertSqlSafe(statements)).await?;
    database.execute("VACUUM ANALYZE").await?;
    database.execute("CHECKPOINT").await?;
    Ok(())
}

/// Gives the restaurant its rules.
async fn rule(platform: &Platform, service: &Service) -> Result<()> {
    let (admin, mut client) = (platform.token(1, Role::Admin)?, service.client().await?);
    let mut ask = async |method: &str, path: &str, body: &str| client.expect(&request(method, path, Some(&admin), Some(body))).await;
    let every = r#"["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]"#;
    let services = format!(
        r#"{{"services": [
            {{"name": "Lunch", "days": {every}, "opens": "12:00", "last_seating": "14:00", "closes": "16:00"}},
            {{"name": "Dinner", "days": {every}, "opens": "18:00", "last_seating": "21:30", "closes": "00:00"}}]}}"#
    );
    ask("PUT", "/reservations/schedule", &services).await?;
    let rules = r#"{"slot_minutes": 30, "turn_times": [{"up_to": 2, "minutes": 90}, {"up_to": 20, "minutes": 120}],
        "pacing": {"covers": 1000, "parties": 1000}, "change_until_minutes": 60, "confirm_above": 8}"#;
    ask("PUT", "/reservations/rules", rules).await?;
    for group in 0..GROUPS {
        let (first, second) = (2 * group + 1, 2 * group + 2);
        let body = format!(r#"{{"name": "Pair {group}", "table_ids": [{first}, {second}], "capacity": 16, "min_party": 9}}"#);
        ask("POST", "/reservations/table-groups", &body).await?;
    }
    Ok(())
}

fn midnight() -> i64 {
    Timestamp::now().as_second() / 86_400 * 86_400
}

/// Bookings of which none stands in another's way, each at another time than the one before.
fn bookings(token: String, round: u64) -> Arc<Ask> {
    let (midnight, sittings) = (midnight(), SITTINGS.len() as u64);
    let all = TABLES * sittings * DAYS;
    Arc::new(move |client: usize, asked: u64| {
        // 362,437 is a prime: each number comes once.
        let number = ((round * OF_A_ROUND + asked) * CONNECTIONS as u64 + client as u64) * 362_437 % all;
        let (table, rest) = (1 + number % TABLES, number / TABLES);
        let (sitting, day) = (SITTINGS[usize::try_from(rest % sittings).unwrap_or(0)], FIRST + rest / sittings);
        let second = i64::try_from(day * 86_400 + sitting * 3600).unwrap_or(0);
        let start = Timestamp::from_second(midnight + second).unwrap_or_default();
        let body = format!(
            r#"{{"table_id": {table}, "guests_count": 4, "reservation_time": "{start}", "contact_phone": "+44 20 7946 0958", "contact_email": "guest@example.com"}}"#
        );
        Arc::new(request("POST", "/reservations/", Some(&token), Some(&body)))
    })
}

async fn book(service: &Service, token: &str, round: u64, rate: &mut Rate) -> Result<()> {
    let driven = drive(service.address, CONNECTIONS, Until::Elapsed(TURN), bookings(token.to_owned(), round)).await?;
    if driven.of(201) != driven.requests() {
        return Err(format!("not every booking is made: {:?}", driven.statuses).into());
    }
    if round > 0 {
        rate.add(driven.requests(), driven.elapsed);
    }
    Ok(())
}

/// How long a day and a calendar take, one client.
async fn calendar(client: &mut Client, report: &mut Report) -> Result<()> {
    let today: Date = Timestamp::from_second(midnight())?.to_zoned(TimeZone::UTC).date();
    let mut measured = [Latencies::default(), Latencies::default()];
    for number in 0..BEFORE + TIMES {
        let date = today.saturating_add((2 + i64::try_from(number * 97 % (BOOKED - 70))?).days());
        let paths = [
            format!("/reservations/availability?date={date}&guests_count=2"),
            format!("/reservations/availability/days?from={date}&to={}&guests_count=2", date.saturating_add(61.days())),
        ];
        for (path, latencies) in paths.iter().zip(&mut measured) {
            if number >= BEFORE {
                tokio::time::sleep(KEPT).await;
            }
            let asking = Instant::now();
            client.expect(&request("GET", path, None, None)).await?;
            if number >= BEFORE {
                latencies.push(asking.elapsed());
            }
        }
    }
    for (what, latencies) in ["The slots of a day", "The calendar of 62 days"].into_iter().zip(&measured) {
        let (p50, p99) = (latencies.quantile(0.5), latencies.quantile(0.99));
        let what =
            format!("{what}, all rules, {} bookings ahead, one client, nothing kept: p99", (TABLES - 1) * BOOKED * SITTINGS.len() as u64);
        report.goal(what, Goal::AtMost(10.0), " ms", p99, format!("{p99:.1} ms (p50 {p50:.1})"));
    }
    Ok(())
}

/// How long the page takes on which guests book, when many look at once: each for a party and a day of their own.
async fn page(service: &Service, report: &mut Report) -> Result<()> {
    let today: Date = Timestamp::from_second(midnight())?.to_zoned(TimeZone::UTC).date();
    let ask = move |client: usize, asked: u64| {
        let number = asked * CONNECTIONS as u64 + client as u64;
        let date = today.saturating_add((1 + i64::try_from(number * 97 % VIEWED).unwrap_or(0)).days());
        let path = format!("/book?guests={}&date={date}", 2 + number % 5);
        Arc::new(request_with("GET", &path, None, &[("accept", "text/html"), ("accept-encoding", "gzip")], None))
    };
    let apart = Duration::from_secs(1) / VIEWS;
    drive(service.address, CONNECTIONS, Until::Paced(apart, TURN), Arc::new(ask)).await?;
    let driven = drive(service.address, CONNECTIONS, Until::Paced(apart, VIEWING), Arc::new(ask)).await?;
    if driven.of(200) != driven.requests() {
        return Err(format!("not every page is shown: {:?}", driven.statuses).into());
    }
    let (p50, p99) = (driven.latencies.quantile(0.5), driven.latencies.quantile(0.99));
    let what = format!("The page to book at, {VIEWS} requests a second for any of {VIEWED} days and 5 parties: p99");
    report.goal(what, Goal::AtMost(10.0), " ms", p99, format!("{p99:.1} ms (p50 {p50:.1})"));
    Ok(())
}

pub(crate) async fn measure(platform: &Platform, report: &mut Report) -> Result<()> {
    let unlimited = [
        ("MAX_DAYS_AHEAD", DAYS_AHEAD.to_string()),
        ("BOOKINGS_PER_HOUR", "0".to_owned()),
        ("UPCOMING_BOOKINGS", "0".to_owned()),
        ("AUTO_CONFIRM", "true".to_owned()),
    ];
    for name in [FULL, PLAIN] {
        furnish(platform, name).await?;
    }
    let full = platform.start_with("reservation", FULL, &unlimited).await?;
    let plain = platform.start_with("reservation", PLAIN, &unlimited).await?;
    rule(platform, &full).await?;
    calendar(&mut full.client().await?, report).await?;
    page(&full, report).await?;
    let token = platform.token(60_000, Role::User)?;
    let (mut ruled, mut free) = (Rate::default(), Rate::default());
    for round in 0..=ROUNDS {
        book(&plain, &token, round, &mut free).await?;
        book(&full, &token, round, &mut ruled).await?;
    }
    let (ruled, free) = (ruled.per_second(), free.per_second());
    let ratio = ruled / free;
    report.goal(
        format!("Bookings, a table named, {CONNECTIONS} connections: all rules / no rule"),
        Goal::AtLeast(0.6),
        "",
        ratio,
        format!("{ratio:.2} ({ruled:.0}/s, without rules {free:.0}/s)"),
    );
    full.stop().await?;
    plain.stop().await
}
