//! Accounts of the staff: administrators make them, and help those who forgot their password.

use chassis::http::identity::Role;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, eventually};
use restaurant_booking_tests::{Platform, Reply, Setup, token};
use serde_json::{Value, json};

use crate::{accounts, administrator, credentials, login, platform};

fn rosa() -> Value {
    json!({"email": "Rosa@restaurant.com", "full_name": "Rosa Bianchi", "role": "host"})
}

fn one_time(reply: &Reply) -> String {
    reply.body["one_time_password"].as_str().expect("a password").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_gets_an_account_and_chooses_a_password_before_anything_else() {
    let platform = Platform::start(Setup { services: vec!["auth", "reservation"], ..Setup::default() }).await;
    let anyone = platform.anyone("auth");
    let admin = anyone.with_token(&administrator(&anyone).await);
    let made = admin.post("/auth/users", &rosa()).await.expect(201);
    assert_eq!((made.body["role"].as_str(), made.body["full_name"].as_str()), (Some("host"), Some("Rosa Bianchi")));
    assert_eq!(made.header("location"), format!("/auth/users/{}", made.id()));
    assert!(!made.header("etag").is_empty() && made.header("cache-control").contains("no-store"));
    let first = one_time(&made);

    let logged_in = login(&anyone, "rosa@RESTAURANT.com", &first).await.expect(200);
    assert_eq!(logged_in.body["password_change_required"], true);
    let rosa = anyone.with_token(logged_in.body["access_token"].as_str().expect("a token"));
    for path in ["/auth/me", "/auth/users"] {
        rosa.get(path).await.problem(403, "password_change_required");
    }
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    rosa.post("/auth/password", &change(&first, &first)).await.invalid(&["#/new_password"]);
    rosa.post("/auth/password", &change("something else", "my own password")).await.problem(403, "wrong_password");
    rosa.post("/auth/password", &change(&first, "my own password")).await.expect(204);
    // The token stays what it was; the next login has one that is good for everything of a host.
    rosa.get("/auth/me").await.problem(403, "password_change_required");
    login(&anyone, "rosa@restaurant.com", &first).await.problem(401, "invalid_credentials");
    let logged_in = login(&anyone, "rosa@restaurant.com", "my own password").await.expect(200);
    assert_eq!(logged_in.body["password_change_required"], false);
    let rosa = anyone.with_token(logged_in.body["access_token"].as_str().expect("a token"));
    assert_eq!(rosa.get("/auth/me").await.expect(200).body["role"], "host");
    let role = "SELECT role FROM guest WHERE email = 'Rosa@restaurant.com'";
    let known = async || {
        let found: Option<String> = sqlx::query_scalar(role).fetch_optional(&platform.pool("reservation")).await.expect("a role");
        found.as_deref() == Some("host")
    };
    eventually("the others to know of the host", known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forgot_their_password_gets_a_one_time_password_and_may_try_again() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let anyone = platform.anyone("auth");
    for _ in 0..11 {
        login(&anyone, "guest@example.com", "I forgot").await;
    }
    login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.problem(429, "too_many_attempts");
    let admin = platform.admin("auth");
    let reset = admin.act(&format!("/auth/users/{id}/password")).await.expect(200);
    login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.problem(401, "invalid_credentials");
    assert_eq!(login(&anyone, "guest@example.com", &one_time(&reset)).await.expect(200).body["password_change_required"], true);
    // Another one takes the place of the first.
    let again = admin.act(&format!("/auth/users/{id}/password")).await.expect(200);
    login(&anyone, "guest@example.com", &one_time(&reset)).await.problem(401, "invalid_credentials");
    login(&anyone, "guest@example.com", &one_time(&again)).await.expect(200);
    admin.act("/auth/users/999999/password").await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_the_staff_are_made_by_administrators_alone_and_faults_are_named() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let admin = platform.admin("auth");
    admin.post("/auth/users", &json!({"email": "rosa", "role": "user", "password": "mine"})).await.invalid(&[
        "#/email",
        "#/full_name",
        "#/role",
        "#/password",
    ]);
    admin
        .post("/auth/users", &json!({"email": "GUEST@example.com", "full_name": "Rosa", "role": "admin"}))
        .await
        .problem(409, "email_taken");
    // The database says who administers, whatever a token does.
    let pretender = platform.anyone("auth").with_token(token::token(id, Role::Admin));
    pretender.post("/auth/users", &rosa()).await.problem(403, "forbidden");
    pretender.act(&format!("/auth/users/{id}/password")).await.problem(403, "forbidden");
    platform.anyone("auth").post("/auth/users", &rosa()).await.problem(401, "unauthenticated");
    platform.anyone("auth").post("/auth/login", &credentials(ADMIN_EMAIL, ADMIN_PASSWORD)).await.expect(200);
}
