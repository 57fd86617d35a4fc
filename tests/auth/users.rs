use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Api, Reply};
use serde_json::{Value, json};

use crate::{accounts, book, login, part, platform};

fn ids(reply: &Reply) -> Vec<i64> {
    reply.body.as_array().expect("an array").iter().map(|user| user["id"].as_i64().expect("an id")).collect()
}

fn emails(reply: &Reply) -> Vec<&str> {
    reply.body.as_array().expect("an array").iter().map(|user| user["email"].as_str().expect("an e-mail")).collect()
}

fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("link");
    (!link.is_empty())
        .then(|| link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a next page").to_owned())
}

/// The pages from this one to the end: how many users each has, and their ids.
async fn pages(api: &Api, first: &str) -> (Vec<usize>, Vec<i64>) {
    let (mut sizes, mut all, mut path) = (Vec::new(), Vec::new(), Some(first.to_owned()));
    while let Some(page) = path {
        let reply = api.get(&page).await.expect(200);
        let found = ids(&reply);
        sizes.push(found.len());
        all.extend(found);
        path = next(&reply);
    }
    (sizes, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_part_of_their_email_and_by_role() {
    let platform = platform().await;
    let given = ["ada@example.com", "Under_Score@Example.com", "per%cent@example.org", "underXscore@example.org"];
    let made = accounts(&platform, &given).await;
    let admin = platform.admin("auth");
    let found = async |query: &str| {
        let reply = admin.get(&format!("/auth/users?{query}")).await.expect(200);
        emails(&reply).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [&[ADMIN_EMAIL], &given[..]].concat());
    assert_eq!(found("email=EXAMPLE.COM").await, ["ada@example.com", "Under_Score@Example.com"]);
    assert_eq!(found("email=%20ada%20").await, ["ada@example.com"]);
    assert_eq!(found("email=r_s").await, ["Under_Score@Example.com"]);
    assert_eq!(found("email=r%25c").await, ["per%cent@example.org"]);
    assert_eq!(found("email=%25").await, ["per%cent@example.org"]);
    assert_eq!(found("email=%5C").await, [""; 0]);
    assert_eq!(found("role=admin").await, [ADMIN_EMAIL]);
    assert_eq!(found("role=user&email=.org").await, ["per%cent@example.org", "underXscore@example.org"]);
    assert_eq!(found("role=admin&email=ada").await, [""; 0]);
    admin
        .get("/auth/users?role=chef&limit=0&cursor=invented&email=a%00b&name=x")
        .await
        .invalid(&["?role", "?limit", "?cursor", "?email", "?name"]);
    admin.get("/auth/users?role=user&role=admin&limit=101").await.invalid(&["?role", "?limit"]);
    assert_eq!(admin.get(&format!("/auth/users/{}", made[0])).await.expect(200).body["email"], "ada@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_loss_or_repetition() {
    let platform = platform().await;
    let given: Vec<String> =
        (0..120).map(|number| format!("guest{number}@example.{}", if number % 2 == 0 { "com" } else { "org" })).collect();
    let made = accounts(&platform, &given.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let all: Vec<i64> = std::iter::once(1).chain(made.iter().map(|id| i64::from(*id))).collect();
    let admin = platform.admin("auth");
    assert_eq!(pages(&admin, "/auth/users").await, (vec![50, 50, 21], all.clone()));
    assert_eq!(pages(&admin, "/auth/users/?limit=100").await, (vec![100, 21], all.clone()));
    assert_eq!(pages(&admin, "/auth/users?limit=11").await, ([11; 11].to_vec(), all.clone()));
    let (sizes, found) = pages(&admin, "/auth/users?email=.com&limit=25&role=user").await;
    assert_eq!((sizes, found), (vec![25, 25, 10], made.iter().step_by(2).map(|id| i64::from(*id)).collect()));

    // A user who comes or goes between two pages moves nobody else.
    let first = admin.get("/auth/users?limit=60").await.expect(200);
    sqlx::query("DELETE FROM \"user\" WHERE id = ANY($1)")
        .bind([made[0], made[58]])
        .execute(&platform.pool("auth"))
        .await
        .expect("deleted");
    let newest = accounts(&platform, &["newest@example.com"]).await[0];
    let rest = pages(&admin, &next(&first).expect("a next page")).await.1;
    let expected: Vec<i64> = all.into_iter().skip(60).chain([i64::from(newest)]).collect();
    assert_eq!(rest, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_with_what_they_did_at_the_restaurant() {
    let platform = platform().await;
    let made = accounts(&platform, &["regular@example.com", "new@example.com"]).await;
    let bookings =
        [("completed", -50), ("completed", -26), ("no_show", -3), ("cancelled", 5), ("pending", -1), ("confirmed", 48), ("pending", 24)];
    book(&platform, made[0], &bookings).await;
    let admin = platform.admin("auth");
    let next: String = sqlx::query_scalar(
        "SELECT to_char(reservation_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM user_reservation WHERE reservation_id = 7",
    )
    .fetch_one(&platform.pool("auth"))
    .await
    .expect("a time");
    let regular = json!({"visits": 2, "no_shows": 1, "cancellations": 1, "next_reservation_time": next});
    let none = json!({"visits": 0, "no_shows": 0, "cancellations": 0, "next_reservation_time": null});
    let listed = admin.get("/auth/users?email=example").await.expect(200);
    assert_eq!((&listed.body[0]["activity"], &listed.body[1]["activity"]), (&regular, &none));
    let one = admin.get(&format!("/auth/users/{}", made[0])).await.expect(200);
    assert_eq!(one.body, listed.body[0]);
    let members: Vec<_> = one.body.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members, ["activity", "created_at", "email", "full_name", "id", "phone", "role", "updated_at", "version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_counts_at_once_here_and_from_the_next_login_on_elsewhere() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let (admin, guest, anyone) = (platform.admin("auth"), platform.user("auth", id), platform.anyone("auth"));
    let path = format!("/auth/users/{id}");
    guest.patch(&path, &json!({"role": "admin"})).await.problem(403, "forbidden");
    guest.get(&path).await.problem(403, "forbidden");

    let changed = admin.patch(&path, &json!({"role": "admin"})).await.expect(200);
    assert_eq!((&changed.body["role"], &changed.body["version"]), (&json!("admin"), &json!(2)));
    assert!(changed.body["activity"].is_object());
    assert_eq!(admin.get(&path).await.expect(200).body, changed.body);
    guest.get("/auth/users").await.expect(200);
    let token =
        login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.expect(200).body["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(part(&token, 1)["role"], "admin");
    anyone.with_token(token).get("/auth/users").await.expect(200);
    for nothing in [json!({}), json!({"role": "admin"})] {
        assert_eq!(admin.patch(&path, &nothing).await.expect(200).body["version"], 2);
    }
    admin.get("/auth/users/999999").await.problem(404, "not_found");
    admin.patch("/auth/users/999999", &json!({})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_wrong_is_refused_with_every_reason() {
    let platform = platform().await;
    let admin = platform.admin("auth");
    for (wrong, places) in [
        (json!({"role": "chef"}), &["#/role"][..]),
        (json!({"role": null, "email": "a@b.co", "activity": {}}), &["#/role", "#/email", "#/activity"]),
        (json!({"role": ["admin"]}), &["#/role"]),
    ] {
        admin.patch("/auth/users/1", &wrong).await.invalid(places);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_f10_the_tag_of_a_user_counts_their_activity_and_a_change_the_version_alone() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let (admin, path) = (platform.admin("auth"), format!("/auth/users/{id}"));
    let read = async |header: &str, tag: &str| send(admin.request(Method::GET, &path).header(header, tag)).await;
    let change = async |header: &str, tag: &str, role: &str| {
        send(admin.request(Method::PATCH, &path).header(header, tag).json(&json!({"role": role}))).await
    };
    let first = admin.get(&path).await.expect(200);
    let before = first.header("etag").to_owned();
    assert!(before.starts_with("W/\""), "{before}");
    assert_eq!(read("If-None-Match", &before).await.expect(304).header("etag"), before);

    // Each part of the activity is a part of the tag.
    let mut seen = vec![before];
    for booking in [("confirmed", 24), ("confirmed", 2), ("cancelled", 5), ("completed", -3), ("no_show", -9)] {
        book(&platform, id, &[booking]).await;
        let last = seen.last().expect("a tag").clone();
        let other = read("If-None-Match", &last).await.expect(200);
        assert_ne!(other.header("etag"), last, "{booking:?}");
        seen.push(other.header("etag").to_owned());
    }
    let now = seen.last().expect("a tag").clone();
    read("If-None-Match", &now).await.expect(304);
    // A weak tag does not match strongly (RFC 9110, 13.1.1).
    read("If-Match", &now).await.problem(412, "precondition_failed");
    read("If-Match", "*").await.expect(200);

    change("If-Match", "\"2\"", "admin").await.problem(412, "precondition_failed");
    change("If-Match", "2", "admin").await.invalid(&["If-Match:"]);
    change("If-None-Match", "*", "admin").await.problem(412, "precondition_failed");
    change("If-None-Match", "\"1\"", "admin").await.problem(412, "precondition_failed");
    let changed = change("If-Match", "\"1\"", "admin").await.expect(200);
    assert_eq!(changed.body["version"], 2);
    let read_again = read("If-None-Match", &now).await.expect(200);
    assert_eq!((read_again.header("etag"), &read_again.body), (changed.header("etag"), &changed.body));
    change("If-None-Match", "\"1\"", "user").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_making_is_refused() {
    use base64::Engine as _;
    let platform = platform().await;
    let admin = platform.admin("auth");
    for key in [json!(["tables", 1]), json!(["id", "1"]), json!(["id", 99_999_999_999_i64]), json!(["id"]), json!({}), Value::Null] {
        let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.to_string());
        admin.get(&format!("/auth/users?cursor={cursor}")).await.invalid(&["?cursor"]);
    }
}
