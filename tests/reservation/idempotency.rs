use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Reply};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{house, in_hours, wanted, with};

async fn keyed(api: &Api, key: &str, body: &Value) -> Reply {
    send(api.request(Method::POST, "/reservations/").header("Idempotency-Key", key).json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_at_once_book_once_and_all_get_the_same_answer() {
    let (platform, _) = house(&[2; 8]).await;
    let guest = platform.user("reservation", 5);
    let body = wanted(in_hours(24), 2);
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let (guest, body) = (guest.clone(), body.clone());
        requests.spawn(async move { keyed(&guest, "the-same", &body).await });
    }
    let mut answers = Vec::new();
    while let Some(reply) = requests.join_next().await {
        answers.push(reply.expect("an answer").expect(201));
    }
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    assert!(answers.iter().all(|answer| answer.header("location") == answers[0].header("location") && answer.header("etag") == "\"1\""));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count(), 15);
    let bookings: i64 =
        sqlx::query_scalar("SELECT count(*) FROM reservation").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!(bookings, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_the_users_own_and_for_one_body() {
    let (platform, _) = house(&[2; 3]).await;
    let (guest, other) = (platform.user("reservation", 5), platform.user("reservation", 6));
    let body = wanted(in_hours(24), 2);
    let first = keyed(&guest, "k", &body).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    // The same members in another order, with other white space, are the same body.
    let same = format!(
        "{{ \"reservation_time\": {}, \"contact_phone\":\"+44 20 7946 0958\", \"guests_count\":2,\n\"contact_email\":\"guest@example.com\"}}",
        body["reservation_time"]
    );
    let request = guest.request(Method::POST, "/reservations/").header("Idempotency-Key", "k").header("Content-Type", "application/json");
    assert_eq!(send(request.body(same)).await.expect(201).text, first.text);
    keyed(&guest, "k", &with(body.clone(), json!({"guests_count": 1}))).await.problem(422, "idempotency_key_reused");
    let others = keyed(&other, "k", &body).await.expect(201);
    assert_ne!(others.id(), first.id());
    for wrong in ["", "a b", &"x".repeat(256)] {
        keyed(&guest, wrong, &body).await.invalid(&["Idempotency-Key:"]);
    }
    keyed(&guest, &"x".repeat(255), &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_decided_is_kept_and_what_was_wrong_with_the_input_is_not() {
    let (platform, ids) = house(&[2]).await;
    let (guest, admin) = (platform.user("reservation", 5), platform.admin("reservation"));
    let body = wanted(in_hours(24), 2);
    let booked = guest.post("/reservations/", &body).await.expect(201);
    let refused = keyed(&guest, "conflict", &body).await.problem(409, "no_table_free");
    let unknown = keyed(&guest, "unknown", &with(body.clone(), json!({"table_id": 99_999}))).await.invalid(&["#/table_id"]);
    guest.act(&format!("/reservations/{}/cancel", booked.id())).await.expect(200);

    let replayed = keyed(&guest, "conflict", &body).await.problem(409, "no_table_free");
    assert_eq!((replayed.text, replayed.headers["idempotency-replayed"].to_str().expect("text")), (refused.text, "true"));
    let replayed = keyed(&guest, "unknown", &with(body.clone(), json!({"table_id": 99_999}))).await.invalid(&["#/table_id"]);
    assert_eq!(replayed.text, unknown.text);

    keyed(&guest, "input", &with(body.clone(), json!({"guests_count": 0}))).await.invalid(&["#/guests_count"]);
    keyed(&guest, "contact", &json!({"guests_count": 2, "reservation_time": in_hours(24)}))
        .await
        .invalid(&["#/contact_email", "#/contact_phone"]);
    platform.anyone("reservation").post("/reservations/", &body).await.problem(401, "unauthenticated");
    keyed(&guest, "input", &body).await.expect(201);
    admin.get(&format!("/reservations/tables/{}", ids[0])).await.expect(200);
}

/// A client that asks again late gets the answer it missed, though the time it booked has gone by.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_given_again_when_the_time_has_gone_by() {
    let (platform, _) = house(&[2]).await;
    let guest = platform.user("reservation", 5);
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(1500);
    let first = keyed(&guest, "k", &wanted(soon, 2)).await.expect(201);
    tokio::time::sleep(std::time::Duration::from_millis(1600)).await;
    keyed(&guest, "other", &wanted(soon, 2)).await.invalid(&["#/reservation_time"]);
    let replayed = keyed(&guest, "k", &wanted(soon, 2)).await.expect(201);
    assert_eq!((replayed.text.as_str(), replayed.header("idempotency-replayed")), (first.text.as_str(), "true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_for_24_hours() {
    let (platform, _) = house(&[2; 2]).await;
    let guest = platform.user("reservation", 5);
    let first = keyed(&guest, "k", &wanted(in_hours(24), 2)).await.expect(201);
    let age = |hours: i32| {
        let pool = platform.pool("reservation");
        async move {
            let aged = sqlx::query("UPDATE idempotency_key SET created_at = now() - make_interval(hours => $1)").bind(hours);
            aged.execute(&pool).await.expect("aged");
        }
    };
    age(23).await;
    assert_eq!(keyed(&guest, "k", &wanted(in_hours(24), 2)).await.expect(201).id(), first.id());
    age(25).await;
    assert_ne!(keyed(&guest, "k", &wanted(in_hours(24), 1)).await.expect(201).id(), first.id());
}

/// What was decided is kept, also where a contact is missing: a table that becomes free in between makes no other answer.
#[tokio::test(flavor = "multi_thread")]
async fn f07_a_refusal_is_kept_where_a_contact_is_missing() {
    let (platform, ids) = house(&[4]).await;
    let guest = platform.user("reservation", 5);
    let booked = guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    let bare = json!({"guests_count": 2, "reservation_time": in_hours(24), "contact_email": "a@b.co"});
    let named = |table: i64| with(bare.clone(), json!({"table_id": table}));
    let large = with(bare.clone(), json!({"guests_count": 5}));
    let taken = keyed(&guest, "free", &bare).await.problem(409, "no_table_free");
    let table = keyed(&guest, "named", &named(ids[0])).await.problem(409, "table_taken");
    let fits = keyed(&guest, "fits", &large).await.problem(409, "no_table_fits");
    let unknown = keyed(&guest, "unknown", &named(99_999)).await.invalid(&["#/contact_phone", "#/table_id"]);
    guest.act(&format!("/reservations/{}/cancel", booked.id())).await.expect(200);
    for (key, body, first) in
        [("free", bare.clone(), taken), ("named", named(ids[0]), table), ("fits", large, fits), ("unknown", named(99_999), unknown)]
    {
        let again = keyed(&guest, key, &body).await;
        assert_eq!((again.text.as_str(), again.header("idempotency-replayed")), (first.text.as_str(), "true"), "{key}");
    }
    // What asks for the contact is not kept.
    keyed(&guest, "asked", &bare).await.invalid(&["#/contact_phone"]);
    let complete = with(bare, json!({"contact_phone": "+44 20 7946 0958"}));
    assert_eq!(keyed(&guest, "asked", &complete).await.expect(201).header("idempotency-replayed"), "");
}

/// A missing contact is told without a booking that is taken back: nobody waits for it, and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn s16_a_missing_contact_is_told_without_booking() {
    let (platform, ids) = house(&[4]).await;
    let (guest, pool) = (platform.user("reservation", 5), platform.pool("reservation"));
    // Somebody changes the table: a booking would wait for the row.
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM \"table\" WHERE id = $1 FOR UPDATE").bind(ids[0]).execute(&mut *lock).await.expect("locked");
    let drawn = "SELECT last_value, is_called FROM reservation_id_seq";
    let before: (i64, bool) = sqlx::query_as(drawn).fetch_one(&pool).await.expect("a sequence");
    for body in [
        json!({"guests_count": 2, "reservation_time": in_hours(24)}),
        json!({"guests_count": 2, "reservation_time": in_hours(24), "table_id": ids[0]}),
    ] {
        guest.post("/reservations/", &body).await.invalid(&["#/contact_email", "#/contact_phone"]);
    }
    assert_eq!(sqlx::query_as::<_, (i64, bool)>(drawn).fetch_one(&pool).await.expect("a sequence"), before);
}
