use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use restaurant_booking_tests::{Platform, Reply};
use serde_json::json;

use crate::{house, in_hours, listed, wanted, with};

fn times(reply: &Reply) -> Vec<Timestamp> {
    let times = reply.body["alternatives"].as_array().expect("a list").iter();
    times.map(|time| time.as_str().expect("a time").parse().expect("a time")).collect()
}

/// Each alternative that is offered is a listed time, the nearest of the same date first, and can be booked.
#[tokio::test(flavor = "multi_thread")]
async fn alternatives_can_be_booked() {
    let (platform, _) = house(&[2]).await;
    let guest = platform.user("reservation", 5);
    let noon = listed(24 * 20).to_zoned(jiff::tz::TimeZone::UTC).date().at(12, 0, 0, 0).in_tz("UTC").expect("noon").timestamp();
    guest.post("/reservations/", &wanted(noon, 2)).await.expect(201);
    let refused = guest.post("/reservations/", &wanted(noon, 2)).await.problem(409, "no_table_free");
    let (two_hours, half_an_hour) = (SignedDuration::from_hours(2), SignedDuration::from_mins(30));
    assert_eq!(times(&refused), [noon - two_hours, noon + two_hours, noon - two_hours - half_an_hour]);
    for time in times(&refused) {
        let booked = guest.post("/reservations/", &wanted(time, 2)).await.expect(201);
        guest.act(&format!("/reservations/{}/cancel", booked.id())).await.expect(200);
    }
    // From a time that is not listed, too.
    let odd = noon + SignedDuration::from_mins(7);
    let refused = guest.post("/reservations/", &wanted(odd, 2)).await.problem(409, "no_table_free");
    assert_eq!(times(&refused), [noon + two_hours, noon - two_hours, noon + two_hours + half_an_hour]);
    // What the replica wrote, it knows: a time that was taken is not offered again, one that was given back is.
    let taken = guest.post("/reservations/", &wanted(noon + two_hours, 2)).await.expect(201);
    let refused = guest.post("/reservations/", &wanted(noon, 2)).await.problem(409, "no_table_free");
    assert!(!times(&refused).contains(&(noon + two_hours)), "{}", refused.text);
    guest.act(&format!("/reservations/{}/cancel", taken.id())).await.expect(200);
    let refused = guest.post("/reservations/", &wanted(noon, 2)).await.problem(409, "no_table_free");
    assert!(times(&refused).contains(&(noon + two_hours)), "{}", refused.text);
    // And so of a table that comes into use.
    let more = json!({"table_number": 2, "capacity": 2});
    platform.admin("reservation").post("/reservations/tables", &more).await.expect(201);
    guest.post("/reservations/", &wanted(noon, 2)).await.expect(201);
}

/// Has every table taken by bookings of 8 hours, back to back, from yesterday until far beyond the last day.
async fn fill(platform: &Platform) {
    let fill = r#"WITH booked AS (
        INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, duration_minutes, contact_phone, contact_email)
        SELECT 'F' || t.id || '-' || n, 9, t.id, ARRAY[t.id], 1, date_trunc('day', now()) + make_interval(hours => 8 * n), 480, '12345', 'a@b.co'
        FROM "table" t, generate_series(-3, 182 * 3) n RETURNING *)
      INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '8 hours' FROM booked"#;
    let pool = platform.pool("reservation");
    sqlx::query(fill).execute(&pool).await.expect("filled");
    sqlx::query("ANALYZE").execute(&pool).await.expect("analysed");
}

async fn free(platform: &Platform, day: i32) {
    let pool = platform.pool("reservation");
    let free =
        "DELETE FROM reservation_table WHERE table_id = 1 AND start_at = date_trunc('day', now()) + make_interval(days => $1, hours => 16)";
    assert_eq!(sqlx::query(free).bind(day).execute(&pool).await.expect("freed").rows_affected(), 1);
    // What others write is seen within a second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

/// A house that is booked out for half a year: the refusal reads a fortnight at most, and says so; docs/performance.md has the times.
#[tokio::test(flavor = "multi_thread")]
async fn s03_a_refusal_reads_no_further_than_a_week() {
    let (platform, _) = house(&[2; 100]).await;
    fill(&platform).await;
    let guest = platform.user("reservation", 5);
    let day = in_hours(24 * 30).to_zoned(jiff::tz::TimeZone::UTC).date();
    let evening = day.at(18, 0, 0, 0).in_tz("UTC").expect("a time").timestamp();
    let refuse = async |minutes: i64| {
        let body = with(wanted(evening, 2), json!({"duration_minutes": minutes}));
        guest.post("/reservations/", &body).await.problem(409, "no_table_free")
    };
    let refused = refuse(480).await;
    assert_eq!(times(&refused), []);
    assert!(refused.body["detail"].as_str().expect("text").contains("within 7 days"), "{}", refused.text);

    free(&platform, 38).await;
    assert_eq!(times(&refuse(120).await), [], "the eighth day is not looked at");
    free(&platform, 36).await;
    let found = times(&refuse(480).await);
    assert_eq!(found, [evening + SignedDuration::from_hours(24 * 6 - 2)]);
    let found = times(&refuse(450).await);
    assert_eq!(found.len(), 2, "{found:?}");
    // Those of the same date come first, however near others are.
    free(&platform, 30).await;
    let near_midnight = day.at(0, 30, 0, 0).in_tz("UTC").expect("a time").timestamp();
    let refused = guest.post("/reservations/", &wanted(near_midnight, 2)).await.problem(409, "no_table_free");
    let sixteen = day.at(16, 0, 0, 0).in_tz("UTC").expect("a time").timestamp();
    assert_eq!(times(&refused)[0], sixteen);
}

/// Eight connections are not held up by those who are refused.
#[tokio::test(flavor = "multi_thread")]
async fn s03_others_are_served_while_many_are_refused() {
    let (platform, _) = house(&[2; 100]).await;
    fill(&platform).await;
    let mut refused = tokio::task::JoinSet::new();
    for user in 0..24 {
        let guest = platform.user("reservation", 100 + user);
        refused.spawn(async move {
            for n in 0..10 {
                let body = with(wanted(in_hours(24 * 30 + i64::from(user)), 2), json!({"duration_minutes": 15 + n}));
                guest.post("/reservations/", &body).await.problem(409, "no_table_free");
            }
        });
    }
    let anyone = platform.anyone("reservation");
    while !refused.is_empty() {
        anyone.get("/readyz").await.expect(200);
        anyone.get("/reservations/tables?limit=1").await.expect(200);
        if let Ok(Some(ended)) = tokio::time::timeout(Duration::from_millis(20), refused.join_next()).await {
            ended.expect("refused");
        }
    }
}
