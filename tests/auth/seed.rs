use auth::config::Administrator;
use chassis::http::identity::Role;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, auth_config, eventually, settings};
use restaurant_booking_tests::{Platform, Setup, database, token};
use serde_json::json;
use sqlx::postgres::PgConnectOptions;

use crate::{Served, credentials, login, part, serve};

/// Starts a replica that is told of this administrator.
async fn start(platform: &Platform, database: &PgConnectOptions, administrator: Option<(&str, &str)>) -> Served {
    let administrator = administrator.map(|(email, password)| Administrator::new(email, password).expect("an administrator"));
    serve(auth::Config { administrator, ..auth_config(settings(database.clone(), platform.kafka.clone())) }).await
}

async fn administrators(database: &PgConnectOptions) -> Vec<String> {
    let sql = "SELECT email FROM \"user\" WHERE role = 'admin' ORDER BY id";
    sqlx::query_scalar(sql).fetch_all(&database::pool(database.clone())).await.expect("e-mails")
}

async fn user(database: &PgConnectOptions, email: &str) -> i32 {
    let sql = "SELECT id FROM \"user\" WHERE email = $1";
    sqlx::query_scalar(sql).bind(email).fetch_one(&database::pool(database.clone())).await.expect("a user")
}

#[tokio::test(flavor = "multi_thread")]
async fn d15_the_login_follows_what_is_declared_and_only_that() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await.stop().await;

    // Another password is set, for the same account.
    let auth = start(&platform, &database, Some((ADMIN_EMAIL, "another password"))).await;
    login(&auth.api, ADMIN_EMAIL, ADMIN_PASSWORD).await.problem(401, "invalid_credentials");
    let admin = login(&auth.api, ADMIN_EMAIL, "another password").await.expect(200);
    let admin = auth.api.with_token(admin.body["access_token"].as_str().expect("a token"));
    // One that the administrator changed stays, as long as the same is declared.
    let change = json!({"current_password": "another password", "new_password": "battery staple"});
    admin.post("/auth/password", &change).await.expect(204);
    auth.stop().await;
    let auth = start(&platform, &database, Some((ADMIN_EMAIL, "another password"))).await;
    login(&auth.api, ADMIN_EMAIL, "another password").await.problem(401, "invalid_credentials");
    login(&auth.api, ADMIN_EMAIL, "battery staple").await.expect(200);
    auth.stop().await;

    // Another address makes another administrator, and leaves the first as they are.
    let auth = start(&platform, &database, Some(("owner@example.com", ADMIN_PASSWORD))).await;
    login(&auth.api, "owner@example.com", ADMIN_PASSWORD).await.expect(200);
    login(&auth.api, ADMIN_EMAIL, "battery staple").await.expect(200);
    assert_eq!(administrators(&database).await, [ADMIN_EMAIL, "owner@example.com"]);

    // An administrator who was dismissed is not made again, as long as the same is declared.
    let admin = auth.api.with_token(token::token(1, Role::Admin));
    let owner = user(&database, "owner@example.com").await;
    admin.patch(&format!("/auth/users/{owner}"), &json!({"role": "user"})).await.expect(200);
    auth.stop().await;
    start(&platform, &database, Some(("owner@example.com", ADMIN_PASSWORD))).await.stop().await;
    assert_eq!(administrators(&database).await, [ADMIN_EMAIL]);
    // Without a declaration nothing changes.
    start(&platform, &database, None).await.stop().await;
    start(&platform, &database, Some(("OWNER@example.com", ADMIN_PASSWORD))).await.stop().await;
    assert_eq!(administrators(&database).await, [ADMIN_EMAIL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d15_of_replicas_that_start_at_once_one_sets_the_password() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await.stop().await;
    let replicas =
        futures_util::future::join_all((0..4).map(|_| start(&platform, &database, Some((ADMIN_EMAIL, "another password"))))).await;
    for auth in replicas {
        login(&auth.api, ADMIN_EMAIL, "another password").await.expect(200);
        auth.stop().await;
    }
    assert_eq!(administrators(&database).await, [ADMIN_EMAIL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn d15_a_replica_that_another_overtook_declares_what_it_was_told_all_the_same() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await.stop().await;
    let pool = database::pool(database.clone());
    // Both have looked before either can declare, and one of them finds another declaration than it saw.
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM administrator_declaration FOR UPDATE").execute(&mut *lock).await.expect("a lock");
    let replicas = async {
        futures_util::join!(
            start(&platform, &database, Some(("first@example.com", "first password"))),
            start(&platform, &database, Some(("second@example.com", "second password"))),
        )
    };
    let unlock = async {
        let waiting = "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually("both wait for the declaration", async || sqlx::query_scalar(waiting).fetch_one(&pool).await.expect("a count")).await;
        lock.commit().await.expect("an unlock");
    };
    let ((first, second), ()) = futures_util::join!(replicas, unlock);
    login(&first.api, "first@example.com", "first password").await.expect(200);
    login(&second.api, "second@example.com", "second password").await.expect(200);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d15_a_guest_who_registered_the_address_first_does_not_become_an_administrator() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    let auth = start(&platform, &database, None).await;
    assert_eq!(administrators(&database).await, [""; 0]);
    let guest = auth.api.post("/auth/register", &credentials("ADMIN@restaurant.com", "a stranger's own")).await.expect(201).id();
    let login = login(&auth.api, "ADMIN@restaurant.com", "a stranger's own").await.expect(200);
    let token = login.body["access_token"].as_str().expect("a token").to_owned();
    auth.stop().await;

    let auth = start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await;
    let admin = crate::administrator(&auth.api).await;
    assert_eq!(part(&admin, 1)["role"], "admin");
    crate::login(&auth.api, ADMIN_EMAIL, "a stranger's own").await.problem(401, "invalid_credentials");
    assert_eq!(administrators(&database).await, [ADMIN_EMAIL]);
    // The token from before is the guest's still, and so is the account, under another address.
    let stranger = auth.api.with_token(&token);
    stranger.get("/auth/users").await.problem(403, "forbidden");
    let account = stranger.get("/auth/me").await.expect(200);
    assert_eq!(account.body["email"], format!("former-{guest}@accounts.invalid"));
    assert_eq!((&account.body["id"], &account.body["role"]), (&json!(guest), &json!("user")));
    stranger.patch("/auth/me", &json!({"email": ADMIN_EMAIL})).await.problem(409, "email_taken");
    auth.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s10_the_last_administrator_is_one_after_a_restart_too() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    let auth = start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await;
    let admin = auth.api.with_token(crate::administrator(&auth.api).await);
    admin.patch("/auth/users/1", &json!({"role": "user"})).await.problem(409, "last_administrator");
    auth.stop().await;

    let auth = start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await;
    let admin = auth.api.with_token(crate::administrator(&auth.api).await);
    admin.get("/auth/users").await.expect(200);
    auth.stop().await;
}
