use auth::config::Administrator;
use chassis::http::identity::Role;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, auth_config, settings};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_changes_nothing_whatever_it_is_told() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await.stop().await;

    let auth = start(&platform, &database, Some((ADMIN_EMAIL, "another password"))).await;
    login(&auth.api, ADMIN_EMAIL, "another password").await.problem(401, "invalid_credentials");
    let admin = auth.api.with_token(crate::administrator(&auth.api).await);
    let change = json!({"current_password": ADMIN_PASSWORD, "new_password": "battery staple"});
    admin.post("/auth/password", &change).await.expect(204);
    auth.stop().await;

    let auth = start(&platform, &database, Some(("owner@example.com", ADMIN_PASSWORD))).await;
    login(&auth.api, "owner@example.com", ADMIN_PASSWORD).await.problem(401, "invalid_credentials");
    auth.stop().await;

    let auth = start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await;
    login(&auth.api, ADMIN_EMAIL, ADMIN_PASSWORD).await.problem(401, "invalid_credentials");
    login(&auth.api, ADMIN_EMAIL, "battery staple").await.expect(200);
    assert_eq!(administrators(&database).await, [ADMIN_EMAIL]);
    // Nor is an administrator made again who was dismissed, once there is another one.
    let admin = auth.api.with_token(token::token(1, Role::Admin));
    let chef = auth.api.post("/auth/register", &credentials("chef@example.com", "correct horse")).await.expect(201).id();
    admin.patch(&format!("/auth/users/{chef}"), &json!({"role": "admin"})).await.expect(200);
    admin.patch("/auth/users/1", &json!({"role": "user"})).await.expect(200);
    auth.stop().await;
    start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await.stop().await;
    assert_eq!(administrators(&database).await, ["chef@example.com"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_is_configured_later_is_made_later() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = database::migrated("auth").await;
    let auth = start(&platform, &database, None).await;
    assert_eq!(administrators(&database).await, [""; 0]);
    // Whoever took the address meanwhile does not keep a password to an administrator's account.
    auth.api.post("/auth/register", &credentials("ADMIN@restaurant.com", "a stranger's own")).await.expect(201);
    auth.stop().await;

    let auth = start(&platform, &database, Some((ADMIN_EMAIL, ADMIN_PASSWORD))).await;
    let token = crate::administrator(&auth.api).await;
    assert_eq!(part(&token, 1)["role"], "admin");
    login(&auth.api, ADMIN_EMAIL, "a stranger's own").await.problem(401, "invalid_credentials");
    assert_eq!(administrators(&database).await, ["ADMIN@restaurant.com"]);
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
