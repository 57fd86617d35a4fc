//! Refusals with alternatives where nothing is free for as far ahead as bookings are taken: what one costs, and what many cost everybody
//! else.

use std::sync::Arc;
use std::time::Duration;

use chassis::http::identity::Role;
use jiff::{SignedDuration, Timestamp};
use sqlx::Executor as _;

use crate::Result;
use crate::client::{Ask, Driven, Until, drive, request};
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::Service;

/// The database of a house that is booked out.
const DATABASE: &str = "booked_out";
/// How far ahead it takes bookings, in days: the service's default.
const DAYS: i64 = 180;
const TABLES: i64 = 100;
/// The clients that are refused beside the one that is measured.
const CLIENTS: usize = 24;
const TURN: Duration = Duration::from_secs(4);

/// Makes the house: bookings of two hours, back to back at every table, from before now until after the last day.
async fn furnish(platform: &Platform) -> Result<()> {
    platform.postgres.create_database(DATABASE).await?;
    let mut database = platform.connect(DATABASE).await?;
    reservation::MIGRATOR.run_direct(None, &mut database, false).await?;
    let slots = 12 * (DAYS + 12);
    let statements = format!(
        r#"SET session_replication_role = replica;
           INSERT INTO "table" (table_number, capacity) SELECT n, 4 + n % 9 FROM generate_series(1, {TABLES}) n;
           INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, status, contact_phone, contact_email,
               created_at)
             SELECT 'B' || n, 1 + n % 50000, 1 + n % {TABLES}, ARRAY[1 + n % {TABLES}], 2, date_trunc('hour', now()) + interval '2 hours' * (n / {TABLES} - 24),
               'confirmed', '+44 20 7946 0958', 'guest@example.com', now() - interval '3 days'
             FROM generate_series(0, {TABLES} * {slots} - 1) n;
           INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '2 hours' FROM reservation;"#
    );
    database.execute(sqlx::AssertSqlSafe(statements)).await?;
    database.execute("VACUUM ANALYZE").await?;
    database.execute("CHECKPOINT").await?;
    Ok(())
}

/// What a client asks that wants a table on one of so many days.
fn wanting(token: String, days: u64) -> Arc<Ask> {
    let noon = Timestamp::from_second(Timestamp::now().as_second() / 86_400 * 86_400 + 12 * 3600).unwrap_or_default();
    Arc::new(move |client: usize, asked: u64| {
        // No two in a row are near each other.
        let day = 8 + i64::try_from((client as u64 * 37 + asked * 41) % days).unwrap_or(0);
        let start = noon + SignedDuration::from_hours(24 * day);
        let body = format!(
            r#"{{"guests_count": 4, "reservation_time": "{start}", "duration_minutes": 480, "contact_phone": "+44 20 7946 0958", "contact_email": "guest@example.com"}}"#
        );
        Arc::new(request("POST", "/reservations/", Some(&token), Some(&body)))
    })
}

async fn refused(service: &Service, clients: usize, token: &str, days: u64) -> Result<Driven> {
    let driven = drive(service.address, clients, Until::Elapsed(TURN), wanting(token.to_owned(), days)).await?;
    if driven.of(409) != driven.requests() {
        return Err(format!("what is booked out is not refused: {:?}", driven.statuses).into());
    }
    Ok(driven)
}

/// What is asked beside it.
fn tables() -> Arc<Ask> {
    let request = Arc::new(request("GET", "/reservations/tables", None, None));
    Arc::new(move |_, _| request.clone())
}

async fn others(service: &Service, clients: usize) -> Result<Driven> {
    let driven = drive(service.address, clients, Until::Elapsed(TURN), tables()).await?;
    if driven.of(200) != driven.requests() {
        return Err(format!("the tables are not listed: {:?}", driven.statuses).into());
    }
    Ok(driven)
}

fn told(driven: &Driven) -> String {
    let (p50, p99) = (driven.latencies.quantile(0.5), driven.latencies.quantile(0.99));
    format!("p50 {p50:.2}, p99 {p99:.2} ms, {:.0}/s", driven.requests() as f64 / driven.elapsed.as_secs_f64())
}

pub(crate) async fn measure(platform: &Platform, report: &mut Report) -> Result<()> {
    furnish(platform).await?;
    // With as many connections to the database as a restaurant has that sets nothing.
    let defaults = [("MAX_DAYS_AHEAD", DAYS.to_string()), ("DATABASE_MAX_CONNECTIONS", "10".to_owned())];
    let service = platform.start_with("reservation", DATABASE, &defaults).await?;
    let token = platform.token(60_000, Role::User)?;
    // Connections are opened and plans are made.
    refused(&service, CLIENTS, &token, 160).await?;

    let alone = refused(&service, 1, &token, 160).await?;
    let p99 = alone.latencies.quantile(0.99);
    report.goal(
        "A refusal with alternatives, nothing free for 180 days, one client, any day: p99",
        Goal::AtMost(5.0),
        " ms",
        p99,
        told(&alone),
    );
    report.told("— the same day, again and again", told(&refused(&service, 1, &token, 1).await?));

    let before = others(&service, 1).await?;
    let (loaded, beside) = tokio::join!(refused(&service, CLIENTS, &token, 160), others(&service, 1));
    let (loaded, beside) = (loaded?, beside?);
    let (crowd, control) = tokio::join!(others(&service, CLIENTS), others(&service, 1));
    let (crowd, control) = (crowd?, control?);
    let after = others(&service, 1).await?;
    let alone = before.latencies.quantile(0.99).max(after.latencies.quantile(0.99));
    let ratio = beside.latencies.quantile(0.99) / alone;
    report.goal(
        format!("GET /reservations/tables beside {CLIENTS} such clients: p99 / alone"),
        Goal::AtMost(2.0),
        "",
        ratio,
        format!("{ratio:.2} ({}; alone {})", told(&beside), told(&before)),
    );
    report.told(format!("— the {CLIENTS} clients"), told(&loaded));
    report.told(
        format!("— the same beside {CLIENTS} clients of GET /reservations/tables instead"),
        format!("{}; those {}", told(&control), told(&crowd)),
    );
    service.stop().await
}
