//! The day on one page, with 300 bookings in it: how long it takes to come, and how long what is tapped takes until the page shows it.

use std::time::Instant;

use chassis::http::identity::Role;
use sqlx::Executor as _;

use crate::Result;
use crate::client::{Client, request_with};
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::stats::Latencies;

const HOUSE: &str = "busy_house";
const TABLES: u32 = 60;
/// Bookings of the day: two thirds are to be confirmed, the others have left.
const BOOKINGS: u32 = 300;
/// How often the day is opened and something is tapped, and how often before that counts.
const TIMES: usize = 180;
const BEFORE: usize = 12;

async fn furnish(platform: &Platform) -> Result<()> {
    platform.postgres.create_database(HOUSE).await?;
    let mut database = platform.connect(HOUSE).await?;
    reservation::MIGRATOR.run_direct(None, &mut database, false).await?;
    // Five sittings of a table within the hours around noon; those that count are of today whatever the time is.
    let statements = format!(
        r#"SET session_replication_role = replica;
           INSERT INTO "table" (table_number, capacity) SELECT n, 4 FROM generate_series(1, {TABLES}) n;
           INSERT INTO reservation (reservation_code, source, table_id, table_ids, guests_count, reservation_time, duration_minutes, status, contact_name,
               contact_phone, special_requests, created_at)
             SELECT 'H' || n, 'phone', 1 + n % {TABLES}, ARRAY[1 + n % {TABLES}], 1 + n % 4,
               date_trunc('day', now()) + interval '1 minute' + make_interval(hours => 4 * (n / {TABLES})), 90,
               CASE WHEN n % 3 < 2 THEN 'pending' ELSE 'completed' END, 'Guest ' || n, '+44 20 7946 0958',
               CASE WHEN n % 5 = 0 THEN 'Nut allergy' END, now() - interval '3 days'
             FROM generate_series(0, {BOOKINGS} - 1) n;
           INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '90 minutes'
             FROM reservation WHERE status = 'pending';"#
    );
    database.execute(sqlx::AssertSqlSafe(statements)).await?;
    database.execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// The first booking of the page that has this button, its version, and the date.
fn button(page: &str, action: &str) -> Option<(String, String, String)> {
    let at = page.find(&format!("value=\"{action}\""))?;
    let form = &page[page[..at].rfind("<form class=\"do\"")?..at];
    let value = |begin: &str| form.split(begin).nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    Some((
        value("/host/bookings/")?.trim_end_matches("/act").to_owned(),
        value("name=\"version\" value=\"")?,
        value("name=\"date\" value=\"")?,
    ))
}

async fn open(client: &mut Client, cookie: &str) -> Result<String> {
    let headers = [("accept", "text/html"), ("cookie", cookie)];
    Ok(String::from_utf8(client.expect(&request_with("GET", "/host", None, &headers, None)).await?)?)
}

pub(crate) async fn measure(platform: &Platform, report: &mut Report) -> Result<()> {
    furnish(platform).await?;
    let service = platform.start_with("reservation", HOUSE, &[]).await?;
    let cookie = format!("session={}", platform.session(1, Role::Admin)?);
    let mut client = service.client().await?;
    let (mut opened, mut tapped) = (Latencies::default(), Latencies::default());
    let size = open(&mut client, &cookie).await?.len();
    for number in 0..BEFORE + TIMES {
        let asking = Instant::now();
        let page = open(&mut client, &cookie).await?;
        if number >= BEFORE {
            opened.push(asking.elapsed());
        }
        let Some((id, version, date)) = button(&page, "confirm") else { return Err("nobody is to be confirmed".into()) };
        let body = format!("version={version}&date={date}&action=confirm");
        let length = body.len().to_string();
        let form = format!(
            "POST /host/bookings/{id}/act HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let asking = Instant::now();
        let status = client.send(form.as_bytes()).await?.status;
        if status != 303 {
            return Err(format!("to confirm is answered {status}").into());
        }
        open(&mut client, &cookie).await?;
        if number >= BEFORE {
            tapped.push(asking.elapsed());
        }
    }
    for (what, goal, latencies) in [("opened", 50.0, &opened), ("a tap, until the page shows it", 100.0, &tapped)] {
        let (p50, p99) = (latencies.quantile(0.5), latencies.quantile(0.99));
        let what = format!("The day of {BOOKINGS} bookings, {} KiB, one host: {what}: p99", size / 1024);
        report.goal(what, Goal::AtMost(goal), " ms", p99, format!("{p99:.1} ms (p50 {p50:.1})"));
    }
    service.stop().await
}
