//! What guests look at before they book, against a server that has nothing but the same bytes to give; others book all the while.

use std::sync::Arc;
use std::time::Duration;

use chassis::http::identity::Role;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use sqlx::Executor as _;

use crate::client::{Ask, Driven, Until, drive, request, request_with};
use crate::menu_reads::{Side, TURN, static_server};
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::Service;
use crate::{Result, proc};

/// The database.
const NAME: &str = "reads";
const TABLES: u64 = 100;
/// The days in which times are asked for and booked, and the hours of a day that are booked when it begins.
const DAYS: u64 = 28;
const BOOKED: [u64; 3] = [12, 17, 20];
/// The days of a calendar.
const CALENDAR: i64 = 62;
const CONNECTIONS: usize = 16;
/// How many bookings a second others make, at times and tables of any of the days.
const BOOKINGS: u32 = 50;
const ROUNDS: usize = 4;
/// The smallest share of the static handler's rate that is good enough.
const GOAL: f64 = 0.25;

/// Gives the database its tables, and half of them bookings.
async fn furnish(platform: &Platform) -> Result<()> {
    platform.postgres.create_database(NAME).await?;
    let mut database = platform.connect(NAME).await?;
    reservation::MIGRATOR.run_direct(None, &mut database, false).await?;
    let statements = format!(
        r#"SET session_replication_role = replica;
           INSERT INTO "table" (table_number, capacity, description) SELECT n, 4 + n % 5, 'By the window' FROM generate_series(1, {TABLES}) n;
           INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, status, contact_phone,
               contact_email, created_at)
             SELECT 'F' || t || '-' || d || '-' || h, 1 + (t * 7 + d) % 20000, t, ARRAY[t], 2,
               (date_trunc('day', now() AT TIME ZONE 'UTC') + make_interval(days => d, hours => h)) AT TIME ZONE 'UTC', 'confirmed',
               '+44 20 7946 0958', 'guest' || t * 7 + d || '@example.com', now() - interval '3 days'
             FROM generate_series(1, {TABLES} / 2) t, generate_series(0, 80) d, unnest(ARRAY{BOOKED:?}) h;
           INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '2 hours' FROM reservation;"#
    );
    database.execute(sqlx::AssertSqlSafe(statements)).await?;
    database.execute("VACUUM ANALYZE").await?;
    Ok(())
}

fn midnight() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() / 86_400 * 86_400).unwrap_or_default()
}

/// Numbers that come in no order, each of them.
fn any(client: usize, asked: u64) -> u64 {
    (asked * CONNECTIONS as u64 + client as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

/// The path that is asked for, for a number.
type Asked = fn(u64) -> String;

fn date(number: u64) -> jiff::civil::Date {
    let days = i64::try_from(1 + number % DAYS).unwrap_or(1);
    midnight().to_zoned(TimeZone::UTC).date().saturating_add(days.days())
}

const ASKED: [(&str, Asked); 4] = [
    ("GET /reservations/tables/available, 20 tables, any minute of 28 days", |number| {
        let minutes = i64::try_from(24 * 60 + number % (DAYS * 24 * 60)).unwrap_or(0);
        let time = midnight() + SignedDuration::from_mins(minutes);
        format!("/reservations/tables/available?reservation_time={time}&guests_count=4&limit=20")
    }),
    ("GET /reservations/availability, any of 28 days", |number| {
        format!("/reservations/availability?date={}&guests_count={}", date(number), 2 + number % 5)
    }),
    ("GET /reservations/availability/days, 62 days", |number| {
        let first = date(0);
        format!(
            "/reservations/availability/days?from={first}&to={}&guests_count={}",
            first.saturating_add((CALENDAR - 1).days()),
            2 + number % 5
        )
    }),
    ("The page to book at, any of 28 days, not compressed", |number| format!("/book?guests={}&date={}", 2 + number % 5, date(number))),
];

fn get(path: &str) -> Vec<u8> {
    if path.starts_with("/book") {
        request_with("GET", path, None, &[("accept", "text/html")], None)
    } else {
        request("GET", path, None, None)
    }
}

/// Others book.
async fn book(service: &Service, token: &str, round: u64) -> Result<Driven> {
    let token = token.to_owned();
    let ask: Arc<Ask> = Arc::new(move |client: usize, asked: u64| {
        let number = any(client, asked + round * 1000);
        let minutes = i64::try_from(24 * 60 + number % (DAYS * 24 * 4) * 15).unwrap_or(0);
        let start = midnight() + SignedDuration::from_mins(minutes);
        let body = format!(
            r#"{{"guests_count": 4, "reservation_time": "{start}", "duration_minutes": 60, "contact_phone": "+44 20 7946 0958", "contact_email": "guest@example.com"}}"#
        );
        Arc::new(request("POST", "/reservations/", Some(&token), Some(&body)))
    });
    drive(service.address, 1, Until::Paced(Duration::from_secs(1) / BOOKINGS, TURN), ask).await
}

/// Has a side answer for as long as a turn is, while others book.
async fn turn(side: &mut Side, asked: &Service, path: Asked, (booked, token, round): (&Service, &str, u64)) -> Result<()> {
    let ask = Arc::new(move |client: usize, number: u64| Arc::new(get(&path(any(client, number)))));
    let (answered, bookings) = tokio::join!(side.turn(asked, CONNECTIONS, ask), book(booked, token, round));
    let bookings = bookings?;
    if bookings.of(201) != bookings.requests() {
        return Err(format!("not every booking is made: {:?}", bookings.statuses).into());
    }
    answered
}

pub(crate) async fn measure(platform: &Platform, report: &mut Report) -> Result<()> {
    furnish(platform).await?;
    let unlimited = [("BOOKINGS_PER_HOUR", "0".to_owned()), ("UPCOMING_BOOKINGS", "0".to_owned()), ("AUTO_CONFIRM", "true".to_owned())];
    let service = platform.start_with("reservation", NAME, &unlimited).await?;
    let (token, mut round) = (platform.token(60_000, Role::User)?, 0);
    for (what, path) in ASKED {
        let bytes = platform.home().join("answer");
        let body = service.client().await?.expect(&get(&path(0))).await?;
        std::fs::write(&bytes, &body)?;
        let route = path(0).split('?').next().unwrap_or_default().to_owned();
        let baseline = static_server(platform, &bytes, &route)?;
        baseline.ready(&route).await?;
        let (mut ours, mut theirs) = (Side::default(), Side::default());
        for number in 0..=ROUNDS {
            turn(&mut theirs, &baseline, path, (&service, &token, round)).await?;
            turn(&mut ours, &service, path, (&service, &token, round + 1)).await?;
            round += 2;
            if number == 0 {
                (ours, theirs) = (Side::default(), Side::default());
            }
        }
        drop(baseline);
        let (service, of_static) = (ours.rate.per_second(), theirs.rate.per_second());
        report.goal(
            format!(
                "{what}, {} bytes, {CONNECTIONS} connections, {BOOKINGS} bookings a second beside: service / static axum handler",
                body.len()
            ),
            Goal::AtLeast(GOAL),
            "",
            service / of_static,
            format!("{:.2} ({service:.0}/s, static {of_static:.0}/s)", service / of_static),
        );
        report.told(
            "— their p50 / p99, and the service's time on the cores for each, the bookings' with it",
            format!(
                "{:.2} / {:.1} ms and {:.0} µs, static {:.2} / {:.1} ms",
                ours.latencies.quantile(0.5),
                ours.latencies.quantile(0.99),
                ours.each(),
                theirs.latencies.quantile(0.5),
                theirs.latencies.quantile(0.99),
            ),
        );
    }
    let (now, most) = proc::memory(service.pid()).unwrap_or((f64::NAN, f64::NAN));
    report.goal(
        "reservation: resident memory, under this load, at most",
        Goal::AtMost(40.0),
        " MiB",
        most,
        format!("{most:.1} MiB (after it {now:.1})"),
    );
    service.stop().await
}
