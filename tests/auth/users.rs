use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Api, Platform, Reply};
use serde_json::{Value, json};

use crate::{accounts, login, part, platform};

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

async fn book(platform: &Platform, user_id: i32, bookings: &[(&str, i32)]) {
    for (status, hours) in bookings {
        let insert = "INSERT INTO user_reservation (reservation_id, user_id, status, reservation_time, version)
            VALUES ((SELECT count(*) + 1 FROM user_reservation), $1, $2, date_trunc('second', now()) + make_interval(hours => $3), 1)";
        sqlx::query(insert).bind(user_id).bind(status).bind(hours).execute(&platform.pool("auth")).await.expect("a booking");
    }
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
    assert_eq!(members, ["activity", "created_at", "email", "full_name", "id", "phone", "role", "updated_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_changes_a_role_from_the_next_login_on() {
    let platform = platform().await;
    let id = accounts(&platform, &["guest@example.com"]).await[0];
    let (admin, guest, anyone) = (platform.admin("auth"), platform.user("auth", id), platform.anyone("auth"));
    let path = format!("/auth/users/{id}");
    guest.patch(&path, &json!({"role": "admin"})).await.problem(403, "forbidden");
    guest.get(&path).await.problem(403, "forbidden");

    let changed = admin.patch(&path, &json!({"role": "admin"})).await.expect(200);
    assert_eq!((&changed.body["role"], changed.header("etag")), (&json!("admin"), "\"2\""));
    assert!(changed.body["activity"].is_object());
    assert_eq!(admin.get(&path).await.expect(200).body, changed.body);
    let token =
        login(&anyone, "guest@example.com", ADMIN_PASSWORD).await.expect(200).body["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(part(&token, 1)["role"], "admin");
    anyone.with_token(token).get("/auth/users").await.expect(200);
    guest.get("/auth/users").await.problem(403, "forbidden");

    for nothing in [json!({}), json!({"role": "admin"})] {
        assert_eq!(admin.patch(&path, &nothing).await.expect(200).header("etag"), "\"2\"");
    }
    for (wrong, places) in [
        (json!({"role": "chef"}), &["#/role"][..]),
        (json!({"role": null, "email": "a@b.co", "activity": {}}), &["#/role", "#/email", "#/activity"]),
        (json!({"role": ["admin"]}), &["#/role"]),
    ] {
        admin.patch(&path, &wrong).await.invalid(places);
    }
    let guarded = async |condition: &str| {
        send(admin.request(Method::PATCH, &path).header("If-Match", condition).json(&json!({"role": "user"}))).await
    };
    guarded("\"1\"").await.problem(412, "precondition_failed");
    guarded("2").await.invalid(&["If-Match:"]);
    guarded("\"2\"").await.expect(200);
    let fresh = async |condition: &str| send(admin.request(Method::GET, &path).header("If-None-Match", condition)).await;
    assert_eq!(fresh("\"3\"").await.expect(304).header("etag"), "\"3\"");
    fresh("\"2\"").await.expect(200);
    admin.get("/auth/users/999999").await.problem(404, "not_found");
    admin.patch("/auth/users/999999", &json!({})).await.problem(404, "not_found");
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
