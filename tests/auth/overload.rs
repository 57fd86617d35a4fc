use auth::config::Bcrypt;
use chassis::http::identity::Role;
use restaurant_booking_tests::platform::{auth_config, settings};
use restaurant_booking_tests::{Platform, Setup, database, token};
use tokio::task::JoinSet;

use crate::{login, serve};

#[tokio::test(flavor = "multi_thread")]
async fn when_too_many_passwords_wait_the_rest_stays_fast() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let options = database::migrated("auth").await;
    let pool = database::pool(options.clone());
    let guest: i32 = sqlx::query_scalar(
        "INSERT INTO \"user\" (email, email_folded, password_hash) VALUES ('guest@example.com', 'guest@example.com', '') RETURNING id",
    )
    .fetch_one(&pool)
    .await
    .expect("an account");
    // A hash takes half a second and more: what comes before its end did not wait for it.
    let bcrypt = Bcrypt { cost: 12, parallelism: 1, queue_length: 1 };
    let config = auth::Config { administrator: None, bcrypt, ..auth_config(settings(options, platform.kafka.clone())) };
    let auth = serve(config).await;
    let guest = auth.api.with_token(token::token(guest, Role::User));
    let mut logins = JoinSet::new();
    for number in 0..8 {
        let api = auth.api.clone();
        logins.spawn(async move { login(&api, &format!("nobody{number}@example.com"), "another password").await });
    }
    // One is compared, one waits at most.
    for _ in 0..6 {
        let refused = logins.join_next().await.expect("a login").expect("an answer").problem(503, "overloaded");
        let seconds: u64 = refused.header("retry-after").parse().expect("whole seconds");
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    guest.get("/auth/me").await.expect(200);
    auth.api.get("/healthz").await.expect(200);
    let metrics = auth.api.get("/metrics").await.expect(200);
    assert!(metrics.text.contains("password_hash_queue_depth"), "{}", metrics.text);
    let mut waiting = logins.len();
    while logins.try_join_next().is_some() {
        waiting -= 1;
    }
    assert!(waiting > 0, "the passwords were still being compared while the rest was answered");
    for reply in logins.join_all().await {
        assert!(matches!(reply.status.as_u16(), 401 | 503), "{}", reply.text);
    }
    login(&auth.api, "nobody@example.com", "another password").await.problem(401, "invalid_credentials");
    auth.stop().await;
}
