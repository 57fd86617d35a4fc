//! One account for each e-mail address, whatever the locale of the database; and no address in its log.

use auth::MIGRATOR;
use restaurant_booking_tests::platform::{ADMIN_PASSWORD, auth_config, settings};
use restaurant_booking_tests::{Api, Platform, Setup, database};
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;

use crate::{Served, administrator, credentials, login, platform, serve};

/// A database of this locale, with the schema of the service.
async fn of_locale(locale: &str) -> PgConnectOptions {
    let server = database::server().await;
    let name = database::unique("locale");
    let mut connection = PgConnection::connect_with(&server.connect_options("postgres")).await.expect("a connection");
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE '{locale}' LC_CTYPE '{locale}'");
    connection.execute(sqlx::AssertSqlSafe(create)).await.expect("a database");
    let pool = database::pool(server.connect_options(&name));
    MIGRATOR.run(&pool).await.expect("migrations");
    pool.close().await;
    server.connect_options(&name)
}

async fn one_account_for_each_address(auth: &Served) {
    let api = &auth.api;
    let register = async |email: &str| api.post("/auth/register", &credentials(email, "correct horse")).await;
    for (one, others) in [
        ("jörg@example.com", &["JÖRG@example.com", "jo\u{308}rg@Example.com"][..]),
        ("straße@example.com", &["STRASSE@example.com", "strasse@example.com", "STRAẞE@example.com"]),
        ("елена@example.com", &["Елена@example.com", "ЕЛЕНА@EXAMPLE.COM"]),
        ("σίσυφος@example.com", &["ΣΊΣΥΦΟΣ@example.com", "σίσυφοσ@example.com"]),
        ("संपर्क@example.com", &["संपर्क@EXAMPLE.com"]),
    ] {
        register(one).await.expect(201);
        for other in others {
            register(other).await.problem(409, "email_taken");
            login(api, other, "correct horse").await.expect(200);
        }
        assert_eq!(login(api, one, "correct horse").await.expect(200).body["token_type"], "bearer");
    }
    // Letters that differ in more than case are others.
    register("jorg@example.com").await.expect(201);
    let mut at_once = JoinSet::new();
    for email in ["маша@example.com", "Маша@example.com", "МАША@example.com", "маШа@example.com"] {
        let api = api.clone();
        at_once.spawn(async move { api.post("/auth/register", &credentials(email, "correct horse")).await.status.as_u16() });
    }
    let mut statuses = at_once.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);

    // So also where an address is changed, and where a part of one is looked for.
    let token =
        login(api, "jorg@example.com", "correct horse").await.expect(200).body["access_token"].as_str().expect("a token").to_owned();
    let jorg = api.with_token(token);
    jorg.patch("/auth/me", &json!({"email": "ЕЛЕНА@example.com"})).await.problem(409, "email_taken");
    assert_eq!(jorg.get("/auth/me").await.expect(200).body["email"], "jorg@example.com");
    jorg.patch("/auth/me", &json!({"email": "Ørsted@example.com"})).await.expect(200);
    jorg.patch("/auth/me", &json!({"email": "ØRSTED@example.com"})).await.expect(200);
    login(api, "ørsted@example.com", "correct horse").await.expect(200);
    register("jorg@example.com").await.expect(201);
    let admin = api.with_token(administrator(api).await);
    for (part, email) in
        [("ЛЕН", "елена@example.com"), ("ASSE", "straße@example.com"), ("ς", "σίσυφος@example.com"), ("Ø", "ØRSTED@example.com")]
    {
        let found = admin.request(reqwest::Method::GET, "/auth/users").query(&[("email", part)]);
        let found = restaurant_booking_tests::api::send(found).await.expect(200);
        assert_eq!(found.body[0]["email"], email, "{part}: {}", found.text);
        assert_eq!(found.body.as_array().map(Vec::len), Some(1), "{part}: {}", found.text);
    }

    // And where failed logins are counted.
    for (number, email) in ["елена@example.com", "ЕЛЕНА@example.com"].into_iter().cycle().take(10).enumerate() {
        login(api, email, &format!("a guess {number}")).await.problem(401, "invalid_credentials");
    }
    login(api, "Елена@example.com", "correct horse").await.problem(429, "too_many_attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_addresses_are_compared_without_case_whatever_the_locale_of_the_database() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    for locale in ["C", "C.UTF-8"] {
        let auth = serve(auth_config(settings(of_locale(locale).await, platform.kafka.clone()))).await;
        one_account_for_each_address(&auth).await;
        auth.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_no_address_reaches_the_log_of_postgresql() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let taken = "zaphod-f22@example.com";
    anyone.post("/auth/register", &credentials(taken, ADMIN_PASSWORD)).await.expect(201);
    anyone.post("/auth/register", &credentials("ZAPHOD-f22@example.com", ADMIN_PASSWORD)).await.problem(409, "email_taken");
    let mut at_once = JoinSet::new();
    for _ in 0..6 {
        let api = anyone.clone();
        at_once.spawn(async move { api.post("/auth/register", &credentials("trillian-f22@example.com", ADMIN_PASSWORD)).await });
    }
    at_once.join_all().await;

    let mut guests: Vec<Api> = Vec::new();
    for name in ["ford", "arthur"] {
        let email = format!("{name}-f22@example.com");
        anyone.post("/auth/register", &credentials(&email, ADMIN_PASSWORD)).await.expect(201);
        let token = login(&anyone, &email, ADMIN_PASSWORD).await.expect(200).body["access_token"].as_str().expect("a token").to_owned();
        guests.push(anyone.with_token(token));
    }
    guests[0].patch("/auth/me", &json!({"email": taken})).await.problem(409, "email_taken");
    // Two who take one address at once, and one who registers it.
    for round in 0..10 {
        let email = format!("marvin{round}-f22@example.com");
        let (change, new) = (json!({"email": email}), credentials(&email, ADMIN_PASSWORD));
        let (one, other, third) =
            tokio::join!(guests[0].patch("/auth/me", &change), guests[1].patch("/auth/me", &change), anyone.post("/auth/register", &new));
        let mut statuses = [one.status.as_u16(), other.status.as_u16(), third.status.as_u16()];
        statuses.sort_unstable();
        assert!(matches!(statuses, [200 | 201, 409, 409]), "{statuses:?}");
    }

    // What an error tells stands there.
    let pool = platform.pool("auth");
    sqlx::query("SELECT 'the log is read' / 0").execute(&pool).await.expect_err("no number");
    let log = std::fs::read_to_string(database::server().await.log()).expect("the log");
    assert!(log.contains("the log is read"), "{log}");
    let told: Vec<&str> = log.lines().filter(|line| line.to_lowercase().contains("f22@example")).collect();
    assert!(told.is_empty(), "{told:#?}");
}
