use chassis::http::identity::Role;
use restaurant_booking_tests::platform::ADMIN_PASSWORD;
use restaurant_booking_tests::{Platform, Reply, Setup, token};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{accounts, login, platform};

fn passwords(current: &str, new: &str) -> Value {
    json!({"current_password": current, "new_password": new})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_a_user_who_knows_it() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let (guest, anyone) = (platform.user("auth", id), platform.anyone("auth"));
    let wrong = guest.post("/auth/password", &passwords("another one", "battery staple")).await.problem(403, "wrong_password");
    assert_eq!(wrong.body["detail"], "The current password is wrong.");
    login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.expect(200);

    let changed = guest.post("/auth/password", &passwords(ADMIN_PASSWORD, " battery staple ")).await.expect(204);
    assert_eq!(changed.text, "");
    login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.problem(401, "invalid_credentials");
    login(&anyone, "guest@example.com", " battery staple ").await.expect(200);
    assert_eq!(guest.get("/auth/me").await.expect(200).header("etag"), "\"1\"", "a password is nothing that anyone reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_keeps_the_rules() {
    let platform = platform().await;
    let guest = platform.user("auth", accounts(&platform, &["guest@example.com"]).await[0]);
    let refused = async |body: Value, places: &[&str]| {
        guest.post("/auth/password", &body).await.invalid(places);
    };
    refused(json!({}), &["#/current_password", "#/new_password"]).await;
    refused(json!({"current_password": "", "new_password": 5, "password": "x"}), &["#/current_password", "#/new_password", "#/password"])
        .await;
    for new in ["1234567".to_owned(), "ключ123".to_owned(), "x".repeat(73), "я".repeat(37), "🔑".repeat(19), "12345678\0".to_owned()]
    {
        refused(passwords(ADMIN_PASSWORD, &new), &["#/new_password"]).await;
    }
    let longest = "🔑".repeat(18);
    guest.post("/auth/password", &passwords(ADMIN_PASSWORD, &longest)).await.expect(204);
    // What bcrypt would not notice is noticed: 72 bytes that are right, and more.
    guest.post("/auth/password", &passwords(&format!("{longest}!"), "battery staple")).await.problem(403, "wrong_password");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_at_once_one_is_made() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let guest = platform.user("auth", id);
    let (one, other) = (passwords(ADMIN_PASSWORD, "battery staple"), passwords(ADMIN_PASSWORD, "correct horse"));
    let (one, other) = tokio::join!(guest.post("/auth/password", &one), guest.post("/auth/password", &other));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 403], "{} {}", one.text, other.text);
}

fn how_many(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status.as_u16() == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_ten_wrong_passwords_close_the_change_of_a_password() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("auth") }).await;
    let ids = accounts(&platform, &["guest@example.com", "other@example.com"]).await;
    let (guest, other, anyone) = (platform.user("auth", ids[0]), platform.user("auth", ids[1]), platform.anyone("auth"));
    let guess = passwords("a guess", "battery staple");
    let right = passwords(ADMIN_PASSWORD, ADMIN_PASSWORD);

    // One that succeeds forgets the failures before it.
    for _ in 0..9 {
        guest.post("/auth/password", &guess).await.problem(403, "wrong_password");
    }
    guest.post("/auth/password", &right).await.expect(204);

    let mut guesses = JoinSet::new();
    for base in platform.bases("auth").into_iter().cycle().take(40) {
        let (api, guess) = (guest.at(base).with_token(token::token(ids[0], Role::User)), guess.clone());
        guesses.spawn(async move { api.post("/auth/password", &guess).await });
    }
    let replies = guesses.join_all().await;
    assert_eq!((how_many(&replies, 403), how_many(&replies, 429)), (10, 30), "{replies:#?}");
    for body in [&guess, &right] {
        let closed = guest.post("/auth/password", body).await.problem(429, "too_many_attempts");
        let seconds: u64 = closed.header("retry-after").parse().expect("whole seconds");
        assert!((840..=900).contains(&seconds), "{seconds}");
    }
    // Nobody else is in the way, and neither is a login, nor a text at a login that looks like the account.
    other.post("/auth/password", &right).await.expect(204);
    login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.expect(200);
    guest.post("/auth/password", &right).await.problem(429, "too_many_attempts");

    let aged = sqlx::query("UPDATE login_failure SET failed_at[1] = now() - interval '15 minutes'");
    aged.execute(&platform.pool("auth")).await.expect("aged");
    guest.post("/auth/password", &right).await.expect(204);
}
