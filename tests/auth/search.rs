//! What a search among many users reads.

use restaurant_booking_tests::database;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::{book, platform};

/// How many users there are. So few that they are made in seconds, and more than may be read for a page.
const USERS: i32 = 30_000;
/// How many users a step of a plan may read, or leave out.
const LEFT_OUT: u64 = 5_000;

async fn explain(connection: &mut PgConnection, statement: &str, arguments: &str) -> String {
    let sql = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE {statement} ({arguments})");
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await.expect("a plan");
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn s06_users_are_listed_and_found_without_reading_all_of_them() {
    let options = database::migrated("auth").await;
    let mut connection = PgConnection::connect_with(&options).await.expect("a connection");
    // An index is made faster than it grows.
    let index: String =
        sqlx::query_scalar("SELECT pg_get_indexdef('user_email_suffixes'::regclass)").fetch_one(&mut connection).await.expect("an index");
    connection.execute("DROP INDEX user_email_suffixes").await.expect("dropped");
    // One user has all the bookings.
    let fill = format!(
        "INSERT INTO \"user\" (email, email_folded, password_hash, role)
         SELECT email, email, repeat('x', 60), CASE WHEN number % 9999 = 0 THEN 'admin' ELSE 'user' END
         FROM (SELECT number, number || '-' || substr(md5(number::text), 1, 6)
                              || CASE WHEN number % 2 = 0 THEN '@gmail.com' ELSE '@example.com' END AS email
               FROM generate_series(1, {USERS}) AS number) AS guests;
         INSERT INTO user_reservation
         SELECT number, 7, (ARRAY['completed', 'no_show', 'cancelled', 'pending'])[1 + number % 4], now() - number * interval '1 minute', 1
         FROM generate_series(1, 50000) AS number;"
    );
    connection.execute(sqlx::AssertSqlSafe(fill)).await.expect("users");
    connection.execute(sqlx::AssertSqlSafe(index)).await.expect("an index");
    connection.execute("VACUUM ANALYZE").await.expect("analysed");
    for (name, sql) in auth::store::STATEMENTS {
        connection.execute(sqlx::AssertSqlSafe(format!("PREPARE {name} AS {sql}"))).await.expect(name);
    }
    let pages = [
        ("LIST_USERS", "0, NULL, 51"),
        ("LIST_USERS", "29990, 'user', 51"),
        ("LIST_STAFF", "0, 'admin', 51, NULL"),
        ("LIST_STAFF", "0, 'admin', 51, 'nobody'"),
        ("SEARCH_USERS", "0, NULL, 51, 'nobody-has-this'"),
        ("SEARCH_USERS", "0, 'user', 51, 'nobody-has-this'"),
        ("SEARCH_USERS", "0, NULL, 51, 'zq'"),
        ("SEARCH_USERS", "0, NULL, 51, '%'"),
        ("SEARCH_USERS", "0, NULL, 51, 'ж'"),
        ("SEARCH_USERS", "0, NULL, 51, '29999-'"),
        ("SEARCH_USERS", "0, NULL, 51, '-99'"),
        ("SEARCH_USERS", "0, NULL, 51, '@gmail.com'"),
        ("SEARCH_USERS", "28000, NULL, 51, '@gmail.com'"),
        ("SEARCH_USERS", "0, NULL, 51, '@'"),
        ("FIND_LOGIN", "'29999-no@gmail.com', '\\x00'"),
        ("FIND_ACTIVITY", "ARRAY[6, 7, 8]"),
    ];
    for mode in ["force_generic_plan", "force_custom_plan"] {
        connection.execute(sqlx::AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).await.expect(mode);
        for (statement, arguments) in pages {
            let plan = explain(&mut connection, statement, arguments).await;
            let whole = plan.lines().any(|line| line.contains("Seq Scan on \"user\"") || line.contains("Seq Scan on user_reservation"));
            assert!(!whole, "{statement} ({arguments}), {mode}:\n{plan}");
            for line in plan.lines() {
                if let Some((_, read)) = line.split_once("Scan using").and_then(|(_, scan)| scan.split_once("(actual rows=")) {
                    let read: u64 = read.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
                    assert!(read <= LEFT_OUT, "{statement} ({arguments}), {mode}:\n{plan}");
                }
                let Some((_, left_out)) = line.split_once("Rows Removed by") else { continue };
                let left_out: u64 = left_out.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number");
                assert!(left_out <= LEFT_OUT, "{statement} ({arguments}), {mode}:\n{plan}");
            }
        }
    }
    let odd = "o'brien\\:*&!(ж)\"";
    sqlx::query("UPDATE \"user\" SET email_folded = $1 || '@example.com' WHERE id = 29998")
        .bind(odd)
        .execute(&mut connection)
        .await
        .expect("odd");
    for part in ["29999-", "-99", "9-a", odd, "n\\:*", "\\", "'", "''", ":*", "&", "!(", "ж", "\"", "\\'", " "] {
        let all: Vec<i32> = sqlx::query_scalar("SELECT id FROM \"user\" WHERE strpos(email_folded, $1) > 0 ORDER BY id LIMIT 51")
            .bind(part)
            .fetch_all(&mut connection)
            .await
            .expect("users");
        let part = part.replace('\'', "''");
        let search = format!("EXECUTE SEARCH_USERS (0, NULL, 51, '{part}')");
        let found: Vec<i32> = sqlx::query_scalar(sqlx::AssertSqlSafe(search)).fetch_all(&mut connection).await.expect("users");
        assert_eq!(found, all, "{part}");
    }
}

/// However a booking came to its state, it is counted once.
#[tokio::test(flavor = "multi_thread")]
async fn s06_activity_is_counted_as_bookings_change() {
    let platform = platform().await;
    let (admin, pool) = (platform.admin("auth"), platform.pool("auth"));
    let activity = async || {
        let read = admin.get("/auth/users/1").await.expect(200);
        ["visits", "no_shows", "cancellations"].map(|member| read.body["activity"][member].as_i64().expect("a number"))
    };
    assert_eq!(activity().await, [0, 0, 0]);
    book(&platform, 1, &[("completed", -50), ("cancelled", 5), ("pending", 2), ("no_show", -3), ("completed", -9)]).await;
    assert_eq!(activity().await, [2, 1, 1]);
    let change = "UPDATE user_reservation SET status = $2 WHERE reservation_id = $1";
    for (id, status, expected) in [
        (3, "confirmed", [2, 1, 1]),
        (3, "seated", [2, 1, 1]),
        (3, "completed", [3, 1, 1]),
        (1, "no_show", [2, 2, 1]),
        (1, "no_show", [2, 2, 1]),
    ] {
        sqlx::query(change).bind(id).bind(status).execute(&pool).await.expect("changed");
        assert_eq!(activity().await, expected, "{id} {status}");
    }
}
