use restaurant_booking_tests::platform::ADMIN_PASSWORD;
use serde_json::{Value, json};

use crate::{accounts, login, platform};

fn passwords(current: &str, new: &str) -> Value {
    json!({"current_password": current, "new_password": new})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_it() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let (guest, anyone) = (platform.user("auth", id), platform.anyone("auth"));
    guest.post("/auth/password", &passwords("another one", "battery staple")).await.problem(403, "wrong_password");
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
