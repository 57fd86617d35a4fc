use restaurant_booking_tests::platform::ADMIN_PASSWORD;
use restaurant_booking_tests::{Api, Platform, Reply, Setup};
use tokio::task::JoinSet;

use crate::{accounts, login, platform};

/// Logs in so many times at once, in turn at each replica.
async fn at_once(apis: &[Api], times: usize, email: &str, password: &'static str) -> Vec<Reply> {
    let mut requests = JoinSet::new();
    for api in apis.iter().cycle().take(times) {
        let (api, email) = (api.clone(), email.to_owned());
        requests.spawn(async move { login(&api, &email, password).await });
    }
    requests.join_all().await
}

fn how_many(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status.as_u16() == status).count()
}

#[track_caller]
fn closed(reply: Reply) -> u64 {
    let reply = reply.problem(429, "too_many_attempts");
    let seconds = reply.header("retry-after").parse().expect("whole seconds");
    assert!((1..=900).contains(&seconds), "{seconds}");
    seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_failures_close_an_email_known_or_not_on_every_replica() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("auth") }).await;
    accounts(&platform, &["guest@example.com", "other@example.com"]).await;
    let replicas: Vec<Api> = platform.bases("auth").into_iter().map(Api::new).collect();
    for email in ["guest@example.com", "nobody@example.com"] {
        let failed = at_once(&replicas, 10, email, "another password").await;
        assert_eq!(how_many(&failed, 401), 10, "{failed:#?}");
        for replica in &replicas {
            assert!(closed(login(replica, &email.to_uppercase(), ADMIN_PASSWORD).await) > 840);
        }
        closed(login(&replicas[0], email, "another password").await);
    }
    login(&replicas[1], "other@example.com", ADMIN_PASSWORD).await.expect(200);

    let pool = platform.pool("auth");
    // Time goes by: the oldest of them is a minute short of 15, and then past it.
    sqlx::query("UPDATE login_failure SET failed_at[1] = now() - interval '14 minutes'").execute(&pool).await.expect("aged");
    for email in ["guest@example.com", "nobody@example.com"] {
        assert!(closed(login(&replicas[0], email, ADMIN_PASSWORD).await) <= 60);
    }
    sqlx::query("UPDATE login_failure SET failed_at[1] = now() - interval '15 minutes'").execute(&pool).await.expect("aged");
    login(&replicas[1], "guest@example.com", "another password").await.problem(401, "invalid_credentials");
    closed(login(&replicas[0], "guest@example.com", ADMIN_PASSWORD).await);
    sqlx::query("UPDATE login_failure SET failed_at[1] = now() - interval '15 minutes'").execute(&pool).await.expect("aged");
    login(&replicas[1], "guest@example.com", ADMIN_PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_succeeds_forgets_the_failures_before_it() {
    let platform = platform().await;
    accounts(&platform, &["guest@example.com"]).await;
    let anyone = platform.anyone("auth");
    let apis = std::slice::from_ref(&anyone);
    assert_eq!(how_many(&at_once(apis, 9, "guest@example.com", "another password").await, 401), 9);
    login(&anyone, "Guest@example.com", ADMIN_PASSWORD).await.expect(200);
    assert_eq!(how_many(&at_once(apis, 2, "guest@example.com", "another password").await, 401), 2);
    login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.expect(200);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM login_failure").fetch_one(&platform.pool("auth")).await.expect("a count");
    assert_eq!(kept, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_guesses_at_once_are_told_of_ten_failures() {
    let platform = platform().await;
    accounts(&platform, &["guest@example.com"]).await;
    let anyone = platform.anyone("auth");
    let replies = at_once(std::slice::from_ref(&anyone), 40, "guest@example.com", "another password").await;
    assert_eq!((how_many(&replies, 401), how_many(&replies, 429)), (10, 30));
    for reply in replies.into_iter().filter(|reply| reply.status == 429) {
        closed(reply);
    }
    closed(login(&anyone, "guest@example.com", ADMIN_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_logins_with_the_right_password_at_once_all_succeed() {
    let platform = platform().await;
    accounts(&platform, &["guest@example.com"]).await;
    let anyone = platform.anyone("auth");
    let replies = at_once(&[anyone], 30, "guest@example.com", ADMIN_PASSWORD).await;
    assert_eq!(how_many(&replies, 200), 30, "{replies:#?}");
}
