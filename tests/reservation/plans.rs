//! What is read from a house that has been open for years.

use std::collections::BTreeMap;

use chassis::http::identity::UserId;
use house::span::Span;
use jiff::Timestamp;
use reservation::booking::make::Counted;
use reservation::status::Status;
use reservation::store::list::{self, Filter, When};
use reservation::store::{guest, hold, house as stored, limit, table};
use reservation::table::TableId;
use restaurant_booking_tests::database;
use sqlx::{Connection as _, PgConnection};

const TABLES: [&str; 3] = ["reservation", "reservation_table", "guest"];

/// Sequential scans of the tables that grow, and rows fetched from them, in this transaction so far.
async fn read(transaction: &mut PgConnection) -> (i64, i64) {
    let counted = "SELECT coalesce(sum(seq_scan), 0)::bigint, coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint
        FROM pg_stat_xact_user_tables WHERE relname = ANY($1)";
    sqlx::query_as(counted).bind(TABLES).fetch_one(transaction).await.expect("statistics")
}

/// Pages of the indexes of these tables that were read in this transaction so far.
async fn pages(transaction: &mut PgConnection) -> i64 {
    let counted = "SELECT coalesce(sum(pg_stat_get_xact_blocks_fetched(indexrelid)), 0)::bigint
        FROM pg_stat_user_indexes WHERE relname = ANY($1)";
    sqlx::query_scalar(counted).bind(TABLES).fetch_one(transaction).await.expect("statistics")
}

/// No list, and nothing else, reads more than it answers with: 300,000 bookings, of which one user made a third.
#[tokio::test(flavor = "multi_thread")]
async fn s06_nothing_scans_what_grows() {
    let pool = database::pool(database::migrated("reservation").await);
    let mut connection = pool.acquire().await.expect("a connection");
    for statement in [
        r#"INSERT INTO "table" (table_number, capacity) SELECT n, 2 + n % 8 FROM generate_series(1, 101) n"#,
        "INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, duration_minutes, status, contact_phone, contact_email, created_at)
         SELECT 'P' || n, CASE WHEN n % 3 = 0 THEN 7 ELSE 1000 + n % 50000 END, 1 + n % 100, ARRAY[1 + n % 100], 2, now() - interval '2 hours' * (1 + n / 100) - interval '1 day', 120,
           (ARRAY['completed', 'cancelled', 'completed', 'no_show'])[1 + n % 4], '12345', 'a@b.co', now() - interval '2 days'
         FROM generate_series(0, 299999) n",
        "WITH booked AS (
           INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, duration_minutes, status, contact_phone, contact_email)
           SELECT 'U' || n, 1000 + n, 1 + n % 100, ARRAY[1 + n % 100], 2, now() + interval '2 hours' * (1 + n / 100), 120, (ARRAY['pending', 'confirmed'])[1 + n % 2], '12345', 'a@b.co'
           FROM generate_series(0, 19999) n RETURNING *)
         INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '2 hours' FROM booked",
        "INSERT INTO guest SELECT n, n || '@example.com', NULL, NULL, 1 FROM generate_series(1, 60000) n",
        "ANALYZE",
    ] {
        sqlx::query(statement).execute(&mut *connection).await.expect(statement);
    }
    let now = Timestamp::now();
    let (user, quiet) = (UserId::new(7).expect("an id"), TableId::new(101).expect("an id"));
    let table = TableId::new(5).expect("an id");
    let day = Span::new(now, jiff::SignedDuration::from_hours(24));
    let by = |statuses: &[Status], table_id, user_id, day| Filter { day, statuses: statuses.to_vec(), table_id, user_id };
    let filters = [
        by(&[], None, None, None),
        by(&[Status::Pending], None, None, None),
        by(&[Status::Seated], None, None, None),
        by(&[Status::Confirmed, Status::Pending], None, None, None),
        by(&[], Some(quiet), None, None),
        by(&[Status::Pending], Some(table), None, None),
        by(&[], None, Some(user), None),
        by(&[Status::Confirmed], None, Some(user), None),
        by(&[], None, None, Some(day)),
        by(&[Status::Cancelled], Some(table), None, Some(day)),
    ];
    let mut most = BTreeMap::new();
    // A statement is planned anew for each of its first five executions, and may get a plan for all values afterwards.
    for repetition in 0..8 {
        let mut check = async |name: String, transaction: &mut PgConnection, before: (i64, i64), allowed: i64| {
            let (scans, rows) = read(transaction).await;
            assert_eq!(scans - before.0, 0, "{name} scans a table, repetition {repetition}");
            let fetched = rows - before.1;
            assert!(fetched <= allowed, "{name} reads {fetched} rows, repetition {repetition}");
            most.entry(name).and_modify(|most: &mut i64| *most = fetched.max(*most)).or_insert(fetched);
        };
        let mut transaction = connection.begin().await.expect("a transaction");
        for filter in &filters {
            let (before, pages_before) = (read(&mut transaction).await, pages(&mut transaction).await);
            let page = list::of_house(&mut transaction, filter, None, 51).await.expect("a page");
            // Six states, a descent for each guest, and what the planner looks up at first: 441 at the most that was seen. What lies before
            // a day is more than a thousand pages.
            let paged = pages(&mut transaction).await - pages_before;
            assert!(paged <= 800, "{filter:?} reads {paged} pages of indexes, repetition {repetition}");
            check(format!("{filter:?}"), &mut transaction, before, 6 * 51 + 51 + 400).await;
            if let Some(row) = page.last() {
                let before = read(&mut transaction).await;
                list::of_house(&mut transaction, filter, Some(list::Position::after(&row.reservation)), 51).await.expect("a page");
                check(format!("{filter:?}, the next page"), &mut transaction, before, 6 * 51 + 51 + 400).await;
            }
        }
        for when in [When::Upcoming, When::Past, When::All] {
            let before = read(&mut transaction).await;
            list::of_user(&mut transaction, user, when, None, 51).await.expect("a page");
            check(format!("my {when}"), &mut transaction, before, 6 * 51).await;
        }
        let before = read(&mut transaction).await;
        guest::get(&mut transaction, user).await.expect("a guest");
        check("a guest".to_owned(), &mut transaction, before, 1).await;
        let before = read(&mut transaction).await;
        let limits = reservation::config::Limits::default();
        limit::reached(&mut transaction, Counted::User(user, limits)).await.expect("a limit");
        check("the limits".to_owned(), &mut transaction, before, 100).await;
        let before = read(&mut transaction).await;
        let known = stored::read(&mut transaction, &reservation::config::Restaurant::default()).await.expect("the house");
        check("the house".to_owned(), &mut transaction, before, 1).await;
        let before = read(&mut transaction).await;
        let two_hours = Span::new(now, jiff::SignedDuration::from_hours(2));
        hold::openings(&mut transaction, &known.house, two_hours, None, now).await.expect("holds");
        check("the openings of two hours".to_owned(), &mut transaction, before, 600).await;
        let before = read(&mut transaction).await;
        table::ahead(&mut transaction, table, 0).await.expect("bookings");
        check("bookings ahead of a table".to_owned(), &mut transaction, before, 2 * 210).await;
        let before = read(&mut transaction).await;
        table::remove(&mut transaction, quiet).await.expect("removed");
        table::remove(&mut transaction, table).await.expect("deactivated");
        check("removing tables".to_owned(), &mut transaction, before, 10).await;
        transaction.rollback().await.expect("undone");
    }
    println!("{most:#?}");
}
