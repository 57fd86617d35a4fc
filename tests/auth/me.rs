use chassis::http::identity::Role;
use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::{Platform, Setup, token};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{accounts, platform};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_read_and_changed_by_its_user() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let guest = platform.user("auth", id);
    let read = guest.get("/auth/me").await.expect(200);
    assert_eq!((read.header("etag"), read.header("cache-control")), ("\"1\"", "no-store"));
    assert_eq!((read.id(), &read.body["email"], &read.body["role"]), (i64::from(id), &json!("guest@example.com"), &json!("user")));

    let changed = guest.patch("/auth/me", &json!({"full_name": " Ada King ", "phone": "+44 20 7946 0958"})).await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!((&changed.body["full_name"], &changed.body["phone"]), (&json!("Ada King"), &json!("+44 20 7946 0958")));
    assert_ne!(changed.body["updated_at"], read.body["updated_at"]);
    assert_eq!(changed.body["created_at"], read.body["created_at"]);
    assert_eq!(guest.get("/auth/me/").await.expect(200).body, changed.body);

    for nothing in [json!({}), json!({"full_name": "Ada King"}), json!({"email": " guest@example.com "})] {
        let same = guest.patch("/auth/me", &nothing).await.expect(200);
        assert_eq!((same.header("etag"), &same.body), ("\"2\"", &changed.body), "what changes nothing is no new version");
    }
    let emptied = guest.patch("/auth/me", &json!({"full_name": null, "phone": "  "})).await.expect(200);
    assert_eq!((&emptied.body["full_name"], &emptied.body["phone"], emptied.header("etag")), (&Value::Null, &Value::Null, "\"3\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_changes_its_case_but_not_its_owner() {
    let platform = platform().await;
    let ids = accounts(&platform, &["guest@example.com", "Other@Example.com"]).await;
    let guest = platform.user("auth", ids[0]);
    assert_eq!(guest.patch("/auth/me", &json!({"email": "Guest@Example.com"})).await.expect(200).body["email"], "Guest@Example.com");
    guest.patch("/auth/me", &json!({"email": "oTHER@eXAMPLE.com"})).await.problem(409, "email_taken");
    assert_eq!(guest.get("/auth/me").await.expect(200).header("etag"), "\"2\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_wrong_is_refused_with_every_reason() {
    let platform = platform().await;
    let guest = platform.user("auth", accounts(&platform, &["guest@example.com"]).await[0]);
    let wrong = json!({"email": null, "full_name": 5, "phone": "x", "role": "admin", "password": "correct horse", "id": 1});
    guest.patch("/auth/me", &wrong).await.invalid(&["#/email", "#/full_name", "#/phone", "#/role", "#/password", "#/id"]);
    guest.patch("/auth/me?full=1", &json!({"email": ""})).await.invalid(&["#/email", "?full"]);
    guest.get("/auth/me?full=1").await.invalid(&["?full"]);
    assert_eq!(guest.get("/auth/me").await.expect(200).header("etag"), "\"1\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_guard_reads_and_changes() {
    let platform = platform().await;
    let ids = accounts(&platform, &["guest@example.com", "other@example.com"]).await;
    let guest = platform.user("auth", ids[0]);
    let change =
        async |condition: &str, body: Value| send(guest.request(Method::PATCH, "/auth/me").header("If-Match", condition).json(&body)).await;
    let read = async |condition: &str| send(guest.request(Method::GET, "/auth/me").header("If-None-Match", condition)).await;

    change("\"1\"", json!({"full_name": "Ada"})).await.expect(200);
    change("\"1\"", json!({"full_name": "Eve"})).await.problem(412, "precondition_failed");
    change("\"1\"", json!({})).await.problem(412, "precondition_failed");
    change("W/\"2\"", json!({"full_name": "Eve"})).await.problem(412, "precondition_failed");
    change("\"1\"", json!({"email": "other@example.com"})).await.problem(412, "precondition_failed");
    change("\"7\", \"2\"", json!({"full_name": "Ada King"})).await.expect(200);
    change("*", json!({"full_name": "Ada Lovelace"})).await.expect(200);
    change("4", json!({"phone": "x"})).await.invalid(&["If-Match:", "#/phone"]);

    let known = read("\"4\"").await.expect(304);
    assert_eq!((known.text.as_str(), known.header("etag"), known.header("cache-control")), ("", "\"4\"", "no-store"));
    read("\"1\", W/\"4\"").await.expect(304);
    read("*").await.expect(304);
    assert_eq!(read("\"3\"").await.expect(200).body["full_name"], "Ada Lovelace");
    read("\"4").await.invalid(&["If-None-Match:"]);
    // Each condition holds for reads and for changes.
    let get = async |condition: &str| send(guest.request(Method::GET, "/auth/me").header("If-Match", condition)).await;
    get("\"4\"").await.expect(200);
    get("\"3\"").await.problem(412, "precondition_failed");
    let unless = async |condition: &str| {
        send(guest.request(Method::PATCH, "/auth/me").header("If-None-Match", condition).json(&json!({"full_name": "Eve"}))).await
    };
    unless("*").await.problem(412, "precondition_failed");
    unless("\"4\"").await.problem(412, "precondition_failed");
    unless("\"3\"").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_account_that_is_not_there_is_worth_nothing() {
    let platform = platform().await;
    let nobody = platform.user("auth", 999);
    assert_eq!(nobody.get("/auth/me").await.problem(401, "unauthenticated").header("www-authenticate"), "Bearer");
    nobody.patch("/auth/me", &json!({})).await.problem(401, "unauthenticated");
    nobody
        .post("/auth/password", &json!({"current_password": "correct horse", "new_password": "battery staple"}))
        .await
        .problem(401, "unauthenticated");
}

/// The versions of an account with their times, as told by the answers to changes that are made at once, in turn at two replicas.
#[tokio::test(flavor = "multi_thread")]
async fn f21_a_later_version_has_no_earlier_time() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("auth") }).await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let (pool, guest, admin) = (platform.pool("auth"), platform.user("auth", id), platform.admin("auth"));
    let mut changes = JoinSet::new();
    for (number, base) in platform.bases("auth").into_iter().cycle().take(40).enumerate() {
        let api = guest.at(base).with_token(token::token(id, Role::User));
        changes.spawn(async move { api.patch("/auth/me", &json!({"full_name": format!("Ada {number}")})).await.expect(200) });
    }
    let mut told: Vec<(i64, String)> = Vec::new();
    for reply in changes.join_all().await {
        let version = reply.header("etag").trim_matches('"').parse().expect("a version");
        told.push((version, reply.body["updated_at"].as_str().expect("a time").to_owned()));
    }
    told.sort();
    let times: Vec<jiff::Timestamp> = told.iter().map(|(_, time)| time.parse().expect("a time")).collect();
    assert!(times.is_sorted(), "{told:#?}");

    // A change that waits while another is made is later than that one: its time is not that at which it began to wait.
    let mut other = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM \"user\" WHERE id = $1 FOR UPDATE").bind(id).execute(&mut *other).await.expect("locked");
    let waiting = tokio::spawn({
        let guest = guest.clone();
        async move { guest.patch("/auth/me", &json!({"full_name": "Ada King"})).await.expect(200) }
    });
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    eventually("a change that waits", async || sqlx::query_scalar(waits).fetch_one(&pool).await.expect("an answer")).await;
    let touch = "UPDATE \"user\" SET version = version + 1, updated_at = clock_timestamp() WHERE id = $1
        RETURNING to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    let before: String = sqlx::query_scalar(touch).bind(id).fetch_one(&mut *other).await.expect("changed");
    other.commit().await.expect("committed");
    let after = waiting.await.expect("an answer");
    let time = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
    assert!(time(after.body["updated_at"].as_str().expect("a time")) >= time(&before), "{before} {}", after.text);

    // Nor is it earlier where the clock was set back.
    let ahead = "UPDATE \"user\" SET updated_at = '2100-01-01T00:00:00Z' WHERE id = $1";
    sqlx::query(ahead).bind(id).execute(&pool).await.expect("changed");
    for changed in [
        guest.patch("/auth/me", &json!({"full_name": "Ada Lovelace"})).await,
        guest.patch("/auth/me", &json!({"email": "ada@example.com"})).await,
        admin.patch(&format!("/auth/users/{id}"), &json!({"role": "admin"})).await,
    ] {
        assert_eq!(changed.expect(200).body["updated_at"], "2100-01-01T00:00:00Z");
    }
}

/// Two users who take each other's address in the same moment: one is told that it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_exchanged_do_not_deadlock() {
    let platform = platform().await;
    let addresses = ["one@example.com", "two@example.com"];
    let ids = accounts(&platform, &addresses).await;
    let mut changes = JoinSet::new();
    for number in 0..16 {
        let user = platform.user("auth", ids[number % 2]);
        changes.spawn(async move {
            for round in 0..60 {
                let reply = user.patch("/auth/me", &json!({"email": addresses[(number + round) % 2]})).await;
                assert!([200, 409].contains(&reply.status.as_u16()), "{}: {}", reply.status, reply.body);
            }
        });
    }
    changes.join_all().await;
}
