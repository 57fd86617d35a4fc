//! Areas, and what a table is kept for.

use restaurant_booking_tests::Platform;
use serde_json::{Value, json};

use crate::{house, in_hours, wanted, with};

async fn area(platform: &Platform, body: Value) -> i64 {
    platform.admin("reservation").post("/reservations/areas", &body).await.expect(201).id()
}

async fn table(platform: &Platform, body: Value) -> i64 {
    platform.admin("reservation").post("/reservations/tables", &body).await.expect(201).id()
}

/// The tables that are free for a party in two days.
async fn free(platform: &Platform, query: &str) -> Vec<i64> {
    let path = format!("/reservations/tables/available?reservation_time={}&{query}", in_hours(48));
    let reply = platform.anyone("reservation").get(&path).await.expect(200);
    reply.body.as_array().expect("tables").iter().map(|table| table["id"].as_i64().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_is_added_changed_and_removed() {
    let (platform, _) = house(&[]).await;
    let (admin, anyone) = (platform.admin("reservation"), platform.anyone("reservation"));
    let terrace = admin.post("/reservations/areas", &json!({"name": "Terrace"})).await.expect(201);
    let whole = json!({"id": terrace.id(), "name": "Terrace", "online": true, "position": 0});
    assert_eq!(terrace.body, whole);
    let path = terrace.header("location").to_owned();
    assert_eq!(anyone.get(&path).await.expect(200).body, whole);
    admin.post("/reservations/areas", &json!({"name": "Terrace"})).await.problem(409, "area_name_taken");
    let room = area(&platform, json!({"name": "Dining room", "position": 1})).await;
    admin.put(&path, &json!({"name": "Dining room"})).await.problem(409, "area_name_taken");
    admin.put(&path, &json!({"name": "Terrace", "online": false, "position": 2})).await.expect(200);
    let listed = anyone.get("/reservations/areas").await.expect(200).body;
    let names: Vec<_> = listed.as_array().expect("areas").iter().map(|area| area["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["Dining room", "Terrace"]);
    let first = anyone.get("/reservations/areas?limit=1").await.expect(200);
    assert_eq!((first.body.as_array().map(Vec::len), first.header("link").is_empty()), (Some(1), false));
    let table = admin.post("/reservations/tables", &json!({"table_number": 1, "capacity": 4, "area_id": room})).await.expect(201);
    assert_eq!((&table.body["area_id"], &table.body["min_party"], &table.body["online"]), (&json!(room), &json!(1), &json!(true)));
    admin.delete(&format!("/reservations/areas/{room}")).await.problem(409, "area_in_use");
    admin.delete(&path).await.expect(204);
    anyone.get(&path).await.problem(404, "not_found");
    for (body, places) in [
        (json!({"position": 1}), vec!["#/name"]),
        (json!({"name": " ", "position": -1, "online": "no"}), vec!["#/name", "#/position", "#/online"]),
    ] {
        admin.post("/reservations/areas", &body).await.invalid(&places);
    }
    for (body, places) in [
        (json!({"table_number": 2, "capacity": 4, "area_id": 999}), vec!["#/area_id"]),
        (json!({"table_number": 2, "capacity": 4, "min_party": 5}), vec!["#/min_party"]),
        (json!({"table_number": 2, "capacity": 4, "min_party": 0, "online": 1}), vec!["#/min_party", "#/online"]),
    ] {
        admin.post("/reservations/tables", &body).await.invalid(&places);
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_are_given_what_is_online_and_in_the_area_that_they_ask_for() {
    let (platform, _) = house(&[]).await;
    let admin = platform.admin("reservation");
    let terrace = area(&platform, json!({"name": "Terrace", "position": 2})).await;
    let bar = area(&platform, json!({"name": "Bar", "online": false})).await;
    let room = area(&platform, json!({"name": "Dining room", "position": 1})).await;
    let of = |number: i32, area: Option<i64>| json!({"table_number": number, "capacity": 2, "area_id": area});
    let none = table(&platform, of(1, None)).await;
    let outside = table(&platform, of(2, Some(terrace))).await;
    let at_the_bar = table(&platform, of(3, Some(bar))).await;
    let inside = table(&platform, of(4, Some(room))).await;
    let by_phone = table(&platform, with(of(5, Some(room)), json!({"online": false}))).await;
    // Of the same size: by the position of the area, those in none last.
    assert_eq!(free(&platform, "guests_count=2").await, [none, outside, inside], "the list is by capacity and number");
    let guest = platform.user("reservation", 7);
    let ask = async |members: Value| guest.post("/reservations/", &with(wanted(in_hours(48), 2), members)).await;
    assert_eq!(ask(json!({})).await.expect(201).body["table_id"], inside);
    assert_eq!(ask(json!({"area_id": terrace})).await.expect(201).body["table_id"], outside);
    let full = ask(json!({"area_id": terrace})).await.problem(409, "no_table_free");
    assert_eq!(full.body["alternatives"].as_array().map(Vec::len), Some(3));
    ask(json!({"area_id": bar})).await.problem(409, "no_table_fits");
    ask(json!({"area_id": terrace, "table_id": outside})).await.invalid(&["#/area_id"]);
    for named in [at_the_bar, by_phone] {
        let refused = ask(json!({"table_id": named})).await.invalid(&["#/table_id"]);
        assert_eq!(refused.body["errors"][0]["code"], "table_not_offered");
    }
    assert_eq!(ask(json!({})).await.expect(201).body["table_id"], none);
    ask(json!({})).await.problem(409, "no_table_free");
    // The staff give what is theirs to give.
    let staff = |members: Value| with(wanted(in_hours(48), 2), members);
    assert_eq!(admin.post("/reservations/", &staff(json!({"area_id": bar}))).await.expect(201).body["table_id"], at_the_bar);
    assert_eq!(admin.post("/reservations/", &staff(json!({}))).await.expect(201).body["table_id"], by_phone);
    let day = in_hours(72).to_string();
    let slots = async |area: i64| {
        let path = format!("/reservations/availability?date={}&guests_count=2&area_id={area}", &day[..10]);
        platform.anyone("reservation").get(&path).await.expect(200).body[40]["reason"].clone()
    };
    assert_eq!((slots(room).await, slots(bar).await), (Value::Null, json!("no_table_fits")));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_kept_for_a_party_of_its_size() {
    let (platform, _) = house(&[]).await;
    let large = table(&platform, json!({"table_number": 1, "capacity": 6, "min_party": 4})).await;
    let guest = platform.user("reservation", 7);
    guest.post("/reservations/", &wanted(in_hours(48), 3)).await.problem(409, "no_table_fits");
    let named = with(wanted(in_hours(48), 3), json!({"table_id": large}));
    assert_eq!(guest.post("/reservations/", &named).await.invalid(&["#/table_id"]).body["errors"][0]["code"], "table_not_offered");
    assert_eq!((free(&platform, "guests_count=3").await, free(&platform, "guests_count=4").await), (vec![], vec![large]));
    let booked = guest.post("/reservations/", &wanted(in_hours(48), 4)).await.expect(201).id();
    // Who became fewer stays.
    assert_eq!(guest.patch(&format!("/reservations/{booked}"), &json!({"guests_count": 3})).await.expect(200).body["table_id"], large);
    platform.admin("reservation").post("/reservations/", &wanted(in_hours(72), 3)).await.expect(201);
    platform.stop().await;
}
