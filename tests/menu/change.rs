use reqwest::Method;
use restaurant_booking_tests::api::send;
use serde_json::{Value, json};

use crate::{MENU, dish, names, platform, serve};

#[tokio::test(flavor = "multi_thread")]
async fn a_dish_is_added_replaced_changed_and_taken_off() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    let made =
        admin.post(MENU, &json!({"name": " Borscht ", "description": " Beetroot soup\nwith cream ", "price": 12.5})).await.expect(201);
    let path = format!("{MENU}/{}", made.id());
    assert_eq!((made.header("location"), made.header("etag")), (path.as_str(), "\"1\""));
    assert_eq!(
        (&made.body["name"], &made.body["description"], &made.body["price"]),
        (&json!("Borscht"), &json!("Beetroot soup\nwith cream"), &json!("12.50"))
    );
    let members: Vec<_> = made.body.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members, ["created_at", "description", "id", "name", "price", "updated_at"]);
    assert_eq!(anyone.get(&path).await.expect(200).body, made.body);

    let replaced = admin.put(&path, &dish("Soup", "9")).await.expect(200);
    assert_eq!((replaced.header("etag"), &replaced.body["description"]), ("\"2\"", &Value::Null), "what a replacement leaves out is gone");
    assert_eq!(replaced.body["created_at"], made.body["created_at"]);
    let changed = admin.patch(&path, &json!({"description": "Cold"})).await.expect(200);
    assert_eq!(
        (&changed.body["name"], &changed.body["price"], &changed.body["description"]),
        (&json!("Soup"), &json!("9.00"), &json!("Cold"))
    );
    assert_eq!(admin.patch(&path, &json!({"description": null})).await.expect(200).body["description"], Value::Null);
    assert_eq!(admin.patch(&path, &json!({"description": "  "})).await.expect(200).header("etag"), "\"4\"");

    let gone = admin.delete(&path).await.expect(204);
    assert_eq!(gone.text, "");
    anyone.get(&path).await.problem(404, "not_found");
    assert_eq!(anyone.get(MENU).await.expect(200).body, json!([]));
    for reply in [admin.delete(&path).await, admin.put(&path, &dish("Soup", "9")).await, admin.patch(&path, &json!({})).await] {
        reply.problem(404, "not_found");
    }
    assert!(admin.post(MENU, &dish("Tea", "3")).await.expect(201).id() > made.id(), "an id is not given again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_no_new_version() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let made = admin.post(MENU, &dish("Tea", "3")).await.expect(201);
    let path = format!("{MENU}/{}", made.id());
    for reply in [
        admin.patch(&path, &json!({})).await,
        admin.patch(&path, &json!({"price": 3, "name": " Tea", "description": ""})).await,
        admin.put(&path, &json!({"name": "Tea", "price": "3.0", "description": null})).await,
    ] {
        let same = reply.expect(200);
        assert_eq!((same.header("etag"), &same.body), ("\"1\"", &made.body));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dish_that_is_wrong_is_refused_with_every_reason() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let path = format!("{MENU}/{}", serve(&admin, &[("Tea", "3")]).await[0]);
    admin.post(MENU, &json!({})).await.invalid(&["#/name", "#/price"]);
    admin.put(&path, &json!({})).await.invalid(&["#/name", "#/price"]);
    let wrong = json!({"name": " ", "description": 5, "price": -1, "colour": "red", "id": 7, "": 1});
    for reply in [admin.post(MENU, &wrong).await, admin.put(&path, &wrong).await, admin.patch(&path, &wrong).await] {
        reply.invalid(&["#/name", "#/description", "#/price", "#/colour", "#/id", "#/"]);
    }
    let wrong = json!({"name": "a\u{0}b", "description": "a\u{0}b", "price": "1.234"});
    admin.post(MENU, &wrong).await.invalid(&["#/name", "#/description", "#/price"]);
    admin.patch(&path, &json!({"name": null, "price": null})).await.invalid(&["#/name", "#/price"]);
    let long = json!({"name": "я".repeat(256), "description": "я".repeat(2001), "price": 1});
    admin.post(MENU, &long).await.invalid(&["#/name", "#/description"]);
    admin.post(MENU, &json!({"name": "я".repeat(255), "description": "я".repeat(2000), "price": 1})).await.expect(201);
    admin.post(&format!("{MENU}?dry_run=1"), &json!({"name": "Tea"})).await.invalid(&["?dry_run", "#/price"]);
    admin.delete(&format!("{path}?force=1")).await.invalid(&["?force"]);
    send(admin.request(Method::PATCH, &format!("{MENU}/0?x=1")).header("If-Match", "1").json(&json!({"price": "x"}))).await.invalid(&[
        "?id",
        "?x",
        "If-Match:",
        "#/price",
    ]);
    assert_eq!(admin.get(&path).await.expect(200).header("etag"), "\"1\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_guard_changes() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let path = format!("{MENU}/{}", serve(&admin, &[("Tea", "3")]).await[0]);
    let change = async |method: Method, condition: &str, body: Value| {
        send(admin.request(method, &path).header("If-Match", condition).json(&body)).await
    };
    change(Method::PATCH, "\"1\"", json!({"price": 4})).await.expect(200);
    change(Method::PATCH, "\"1\"", json!({"price": 5})).await.problem(412, "precondition_failed");
    change(Method::PATCH, "\"1\"", json!({})).await.problem(412, "precondition_failed");
    change(Method::PUT, "\"1\"", dish("Tea", "5")).await.problem(412, "precondition_failed");
    change(Method::PUT, "W/\"2\"", dish("Tea", "5")).await.problem(412, "precondition_failed");
    change(Method::PUT, "\"1\", \"2\"", dish("Tea", "5")).await.expect(200);
    change(Method::PATCH, "*", json!({"price": 6})).await.expect(200);
    change(Method::DELETE, "\"1\"", json!({})).await.problem(412, "precondition_failed");
    change(Method::DELETE, "nonsense", json!({})).await.invalid(&["If-Match:"]);
    change(Method::DELETE, "\"4\"", json!({})).await.expect(204);
    change(Method::DELETE, "*", json!({})).await.problem(404, "not_found");
}

/// Of changes made at the same time to the version that all have seen, one is made.
#[tokio::test(flavor = "multi_thread")]
async fn of_changes_to_one_version_one_is_made() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let path = format!("{MENU}/{}", serve(&admin, &[("Tea", "3")]).await[0]);
    let mut requests = tokio::task::JoinSet::new();
    for price in 10..26 {
        let request = admin.request(Method::PATCH, &path).header("If-Match", "\"1\"").json(&json!({"price": price}));
        requests.spawn(send(request));
    }
    let replies = requests.join_all().await;
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!((made.len(), replies.iter().filter(|reply| reply.status == 412).count()), (1, 15));
    assert_eq!(admin.get(&path).await.expect(200).body, made[0].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wrote_reads_it_at_once() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    for round in 1..=20 {
        let made = admin.post(MENU, &dish("Tea", &round.to_string())).await.expect(201);
        let path = format!("{MENU}/{}", made.id());
        assert_eq!(anyone.get(&path).await.expect(200).body, made.body);
        let changed = admin.patch(&path, &json!({"name": "Coffee"})).await.expect(200);
        assert_eq!(anyone.get(&path).await.expect(200).body, changed.body);
        assert_eq!(anyone.get(MENU).await.expect(200).body, json!([changed.body]));
        assert_eq!(names(&anyone.get(&format!("{MENU}?sort=name&q=coff")).await.expect(200)), ["Coffee"]);
        admin.delete(&path).await.expect(204);
        anyone.get(&path).await.expect(404);
        assert_eq!(anyone.get(MENU).await.expect(200).body, json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_condition_that_is_false_leaves_a_dish_alone() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let path = format!("{MENU}/{}", serve(&admin, &[("Tea", "3")]).await[0]);
    let body = dish("Other", "4");
    for (name, value) in [("If-None-Match", "*"), ("If-None-Match", "\"7\", W/\"1\""), ("If-Match", "\"2\"")] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let request = admin.request(method.clone(), &path).header(name, value);
            let request = if method == Method::DELETE { request } else { request.json(&body) };
            send(request).await.problem(412, "precondition_failed");
        }
    }
    for path in [path.as_str(), MENU] {
        send(admin.request(Method::GET, path).header("If-Match", "\"2\"")).await.problem(412, "precondition_failed");
        send(admin.request(Method::GET, path).header("If-Match", "*")).await.expect(200);
    }
    assert_eq!(admin.get(&path).await.expect(200).header("etag"), "\"1\"");
    send(admin.request(Method::PUT, &path).header("If-None-Match", "\"7\"").json(&body)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_a_dish_has_a_name_that_shows() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    for name in ["\u{200b}", "\u{feff}", "\u{a0}", "Tea\nCoffee", "Tea\u{202e}x", "Tea\u{7}"] {
        admin.post(MENU, &dish(name, "3")).await.invalid(&["#/name"]);
    }
    let made = admin.post(MENU, &dish("\u{feff} Tea\u{200b}", "3")).await.expect(201);
    assert_eq!(made.body["name"], "Tea");
    admin.patch(&format!("{MENU}/{}", made.id()), &json!({"name": "\u{200b}"})).await.invalid(&["#/name"]);
}

/// Twenty changes at once wait for each other: each was made after the one before it, and its event tells the same time.
#[tokio::test(flavor = "multi_thread")]
async fn f21_a_later_version_of_a_dish_is_of_a_later_time() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let path = format!("{MENU}/{}", serve(&admin, &[("Tea", "3")]).await[0]);
    let prices: Vec<Value> = (0..20).map(|number| json!({"price": number})).collect();
    let changed = futures_util::future::join_all(prices.iter().map(|price| admin.patch(&path, price))).await;
    let mut versions: Vec<(i64, String)> = changed
        .into_iter()
        .map(|reply| reply.expect(200))
        .map(|reply| {
            let version = reply.header("etag").trim_matches('"').parse().expect("a version");
            (version, reply.body["updated_at"].as_str().expect("a time").to_owned())
        })
        .collect();
    versions.sort();
    let times: Vec<jiff::Timestamp> = versions.iter().map(|(_, time)| time.parse().expect("a time")).collect();
    assert!(times.is_sorted(), "{versions:?}");
}
