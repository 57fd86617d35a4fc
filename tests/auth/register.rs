use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{accounts, credentials, login, platform};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_the_role_user() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let body = json!({"email": "  Guest@Example.com ", "password": "  correct horse  ", "full_name": " Ada Lovelace ", "phone": " +44 20 7946 0958 "});
    let made = anyone.post("/auth/register", &body).await.expect(201);
    assert_eq!(
        (made.header("location"), made.header("etag"), made.header("cache-control")),
        (format!("/auth/users/{}", made.id()).as_str(), "\"1\"", "no-store")
    );
    for (member, value) in [("email", "Guest@Example.com"), ("full_name", "Ada Lovelace"), ("phone", "+44 20 7946 0958"), ("role", "user")]
    {
        assert_eq!(made.body[member], value, "{member}");
    }
    let members: Vec<_> = made.body.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members, ["created_at", "email", "full_name", "id", "phone", "role", "updated_at"]);

    let user = platform.user("auth", i32::try_from(made.id()).expect("an id"));
    assert_eq!(user.get("/auth/me").await.expect(200).body, made.body);
    login(&anyone, "guest@example.COM", "correct horse").await.problem(401, "invalid_credentials");
    login(&anyone, "guest@example.COM", "  correct horse  ").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_phone_may_be_left_out_null_or_blank() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    for (email, name) in [("a@example.com", json!(null)), ("b@example.com", json!("  "))] {
        let body = json!({"email": email, "password": "correct horse", "full_name": name, "phone": name});
        let made = anyone.post("/auth/register", &body).await.expect(201);
        assert_eq!((&made.body["full_name"], &made.body["phone"]), (&Value::Null, &Value::Null));
    }
    let made = anyone.post("/auth/register/", &credentials("c@example.com", "correct horse")).await.expect(201);
    assert_eq!((&made.body["full_name"], &made.body["phone"]), (&Value::Null, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_wrong_is_refused_with_every_reason() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let refused = async |body: Value, places: &[&str]| {
        anyone.post("/auth/register", &body).await.invalid(places);
    };
    refused(json!({}), &["#/email", "#/password"]).await;
    let body = json!({"email": "nobody", "password": "short", "full_name": 5, "phone": "call me", "role": "admin", "a/b~c": 1});
    refused(body, &["#/email", "#/password", "#/full_name", "#/phone", "#/role", "#/a~1b~0c"]).await;
    refused(
        json!({"email": null, "password": null, "full_name": "a\u{0}b", "phone": "+44\u{0}"}),
        &["#/email", "#/password", "#/full_name", "#/phone"],
    )
    .await;
    refused(json!({"email": ["a@b.co"], "password": 12_345_678}), &["#/email", "#/password"]).await;
    for email in ["", " ", "a@b", "@b.co", "a b@c.de", "Ada <a@b.co>", "a@b.co,c@d.ef", "a@b.co\u{0}"] {
        refused(credentials(email, "correct horse"), &["#/email"]).await;
    }
    refused(credentials(&format!("a@{}.example.com", "x.".repeat(130)), "correct horse"), &["#/email"]).await;
    let long = json!({"email": "a@b.co", "password": "correct horse", "full_name": "я".repeat(256), "phone": "1".repeat(51)});
    refused(long, &["#/full_name", "#/phone"]).await;
    let body = json!({"email": "a@b.co", "password": "correct horse", "full_name": "я".repeat(255)});
    anyone.post("/auth/register", &body).await.expect(201);
    anyone.post("/auth/register?notify=1", &body).await.invalid(&["?notify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_has_8_characters_at_least_and_72_bytes_at_most() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    for (password, code) in [
        ("1234567".to_owned(), "too_short"),
        ("🔑".repeat(7), "too_short"),
        ("x".repeat(73), "too_long"),
        ("я".repeat(37), "too_long"),
        ("correct\0horse".to_owned(), "nul"),
    ] {
        let refused = anyone.post("/auth/register", &credentials("a@example.com", &password)).await.invalid(&["#/password"]);
        let error = &refused.body["errors"][0];
        assert_eq!(error["code"], code, "{password:?}");
        assert!(!refused.text.contains(&password), "a password is not repeated");
        let detail = error["detail"].as_str().expect("a detail");
        assert!(code == "nul" || (detail.contains("8 characters") && detail.contains("72 bytes")), "{detail}");
    }
    let longest = "я".repeat(36);
    anyone.post("/auth/register", &credentials("b@example.com", &longest)).await.expect(201);
    login(&anyone, "b@example.com", &longest).await.expect(200);
    login(&anyone, "b@example.com", &format!("{longest}x")).await.problem(401, "invalid_credentials");
    anyone.post("/auth/register", &credentials("c@example.com", "пароль№1")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_belongs_to_one_account_whatever_its_case() {
    let platform = platform().await;
    accounts(&platform, &["Guest@Example.com"]).await;
    let anyone = platform.anyone("auth");
    anyone.post("/auth/register", &credentials("gUEST@eXAMPLE.COM", "correct horse")).await.problem(409, "email_taken");

    let mut requests = JoinSet::new();
    for email in ["new@example.com", "New@example.com", "NEW@example.com", "new@Example.com", "new@EXAMPLE.COM", " new@example.com "] {
        let anyone = anyone.clone();
        requests.spawn(async move { anyone.post("/auth/register", &credentials(email, "correct horse")).await });
    }
    let mut statuses: Vec<u16> = requests.join_all().await.into_iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_a_refused_registration_uses_up_no_id() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let first = anyone.post("/auth/register", &credentials("first@example.com", "correct horse")).await.expect(201).id();
    for _ in 0..3 {
        anyone.post("/auth/register", &credentials("FIRST@example.com", "correct horse")).await.problem(409, "email_taken");
    }
    let second = anyone.post("/auth/register", &credentials("second@example.com", "correct horse")).await.expect(201).id();
    assert_eq!(second, first + 1);
}
