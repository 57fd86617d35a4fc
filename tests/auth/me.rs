use reqwest::Method;
use restaurant_booking_tests::api::send;
use serde_json::{Value, json};

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
