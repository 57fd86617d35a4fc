//! Who may administer, and that somebody always can.

use chassis::http::identity::Role;
use restaurant_booking_tests::platform::ADMIN_PASSWORD;
use restaurant_booking_tests::{Api, Platform, Setup, token};
use serde_json::json;

use crate::{accounts, login, part, platform};

async fn log_in(api: &Api, email: &str) -> String {
    login(api, email, ADMIN_PASSWORD).await.expect(200).body["access_token"].as_str().expect("a token").to_owned()
}

async fn administrators(platform: &Platform) -> Vec<i32> {
    let sql = "SELECT id FROM \"user\" WHERE role = 'admin' ORDER BY id";
    sqlx::query_scalar(sql).fetch_all(&platform.pool("auth")).await.expect("ids")
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_dismissed_administrator_has_no_rights_by_a_token_that_is_still_valid() {
    let platform = platform().await;
    let ids = accounts(&platform, &["ada@example.com", "friend@example.com"]).await;
    let (admin, anyone) = (platform.admin("auth"), platform.anyone("auth"));
    let (ada, friend) = (format!("/auth/users/{}", ids[0]), format!("/auth/users/{}", ids[1]));
    admin.patch(&ada, &json!({"role": "admin"})).await.expect(200);
    let old = anyone.with_token(log_in(&anyone, "ada@example.com").await);
    old.get("/auth/users").await.expect(200);
    admin.patch(&ada, &json!({"role": "user"})).await.expect(200);

    // Neither her own role, nor a friend's, nor that of the administrator who dismissed her; and she learns nothing of others.
    old.patch(&ada, &json!({"role": "admin"})).await.problem(403, "forbidden");
    old.patch(&friend, &json!({"role": "admin"})).await.problem(403, "forbidden");
    old.patch("/auth/users/1", &json!({"role": "user"})).await.problem(403, "forbidden");
    old.patch(&ada, &json!({"role": "chef"})).await.problem(403, "forbidden");
    old.get(&friend).await.problem(403, "forbidden");
    old.get("/auth/users").await.problem(403, "forbidden");
    old.get("/auth/me").await.expect(200);
    assert_eq!(part(&log_in(&anyone, "ada@example.com").await, 1)["role"], "user");
    assert_eq!(administrators(&platform).await, [1]);

    // A token that says `admin` for an account that does not exist is worth nothing.
    anyone.with_token(token::token(999, Role::Admin)).get("/auth/users").await.problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_the_last_administrator_keeps_the_role() {
    let platform = platform().await;
    let other = accounts(&platform, &["other@example.com"]).await[0];
    let (admin, path) = (platform.admin("auth"), format!("/auth/users/{other}"));
    admin.patch("/auth/users/1", &json!({"role": "user"})).await.problem(409, "last_administrator");
    admin.patch("/auth/users/1", &json!({"role": "admin"})).await.expect(200);
    admin.patch("/auth/users/1", &json!({})).await.expect(200);
    assert_eq!(administrators(&platform).await, [1]);

    admin.patch(&path, &json!({"role": "admin"})).await.expect(200);
    admin.patch("/auth/users/1", &json!({"role": "user"})).await.expect(200);
    platform.user("auth", other).patch(&path, &json!({"role": "user"})).await.problem(409, "last_administrator");
    assert_eq!(administrators(&platform).await, [other]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_of_administrators_who_dismiss_each_other_at_once_one_remains() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("auth") }).await;
    let ids = accounts(&platform, &["other@example.com", "third@example.com"]).await;
    let all = [1, ids[0], ids[1]];
    let pool = platform.pool("auth");
    let bases = platform.bases("auth");
    let api = |user: i32, replica: usize| platform.anyone("auth").at(bases[replica]).with_token(token::token(user, Role::Admin));
    let dismiss = async |api: Api, user: i32| api.patch(&format!("/auth/users/{user}"), &json!({"role": "user"})).await.status.as_u16();
    for round in 0..20 {
        // In turn two who dismiss each other, three in a circle, and two who both give up the role.
        let members = if round % 3 == 1 { &all[..] } else { &all[..2] };
        let appoint = sqlx::query("UPDATE \"user\" SET role = CASE WHEN id = ANY($1) THEN 'admin' ELSE 'user' END");
        appoint.bind(members).execute(&pool).await.expect("appointed");
        let statuses = match round % 3 {
            0 => {
                let (one, other) = tokio::join!(dismiss(api(all[0], 0), all[1]), dismiss(api(all[1], 1), all[0]));
                vec![one, other]
            }
            1 => {
                let (one, other, third) =
                    tokio::join!(dismiss(api(all[0], 0), all[1]), dismiss(api(all[1], 1), all[2]), dismiss(api(all[2], 0), all[0]));
                vec![one, other, third]
            }
            _ => {
                let (one, other) = tokio::join!(dismiss(api(all[0], 0), all[0]), dismiss(api(all[1], 1), all[1]));
                vec![one, other]
            }
        };
        assert!(statuses.iter().all(|status| matches!(status, 200 | 403 | 409)), "{statuses:?}");
        let dismissed = statuses.iter().filter(|status| **status == 200).count();
        let left = administrators(&platform).await;
        assert_eq!(left.len(), members.len() - dismissed, "{statuses:?} {left:?}");
        assert!(!left.is_empty(), "{statuses:?}");
    }
}

/// Of many changes of roles at once, one waits for the other; none gives up because two wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_roles_at_once_do_not_deadlock() {
    let platform = platform().await;
    let ids = accounts(&platform, &["one@example.com", "two@example.com", "three@example.com"]).await;
    let admin = platform.admin("auth");
    for id in &ids {
        admin.patch(&format!("/auth/users/{id}"), &json!({"role": "admin"})).await.expect(200);
    }
    let mut changes = tokio::task::JoinSet::new();
    for (number, id) in (0..6).zip(ids.into_iter().cycle()) {
        let administrator = platform.anyone("auth").with_token(token::token(id, Role::Admin));
        changes.spawn(async move {
            for round in 0..20 {
                let role = if (round + number) % 2 == 0 { "user" } else { "admin" };
                // The one whose id is the smallest comes and goes among those whose roles count.
                administrator.patch("/auth/users/1", &json!({"role": role})).await.expect(200);
            }
        });
    }
    changes.join_all().await;
}
