use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;

use crate::{book, furnish, house, in_hours, move_in_time, wanted, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_added_read_replaced_and_removed() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let (admin, anyone) = (platform.admin("reservation"), platform.anyone("reservation"));
    let made =
        admin.post("/reservations/tables", &json!({"table_number": 7, "capacity": 4, "description": "  By the window "})).await.expect(201);
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("/reservations/tables/{}", made.id()));
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.body["description"], "By the window");
    assert_eq!(made.body["is_active"], true);
    assert_eq!(anyone.get(&path).await.expect(200).body, made.body);

    let replaced = admin.put(&path, &json!({"table_number": 8, "capacity": 6, "description": " "})).await.expect(200);
    assert_eq!(
        (&replaced.body["table_number"], &replaced.body["capacity"], &replaced.body["description"]),
        (&json!(8), &json!(6), &json!(null))
    );
    assert_eq!(replaced.header("etag"), "\"2\"");
    let same = admin.put(&path, &json!({"table_number": 8, "capacity": 6})).await.expect(200);
    assert_eq!(same.header("etag"), "\"2\"", "what changes nothing is no new version");

    admin.delete(&path).await.expect(204);
    anyone.get(&path).await.problem(404, "not_found");
    admin.delete(&path).await.problem(404, "not_found");
    admin.put(&path, &json!({"table_number": 8, "capacity": 6})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_wrong_is_refused_with_every_reason() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let admin = platform.admin("reservation");
    admin.post("/reservations/tables", &json!({})).await.invalid(&["#/table_number", "#/capacity"]);
    let wrong = json!({"table_number": 0, "capacity": 13, "description": 5, "is_active": "yes", "colour": "red"});
    admin.post("/reservations/tables", &wrong).await.invalid(&["#/table_number", "#/capacity", "#/description", "#/is_active", "#/colour"]);
    let wrong = json!({"table_number": 2_147_483_648_i64, "capacity": null, "description": "a\u{0}b"});
    admin.post("/reservations/tables", &wrong).await.invalid(&["#/table_number", "#/capacity", "#/description"]);
    admin
        .post("/reservations/tables", &json!({"table_number": 1, "capacity": 1, "description": "x".repeat(2001)}))
        .await
        .invalid(&["#/description"]);
    admin
        .post("/reservations/tables", &json!({"table_number": i32::MAX, "capacity": 12, "description": "x".repeat(2000)}))
        .await
        .expect(201);
    admin.post("/reservations/tables", &json!({"table_number": i32::MAX, "capacity": 1})).await.problem(409, "table_number_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_list_shows_active_tables_in_pages() {
    let (platform, ids) = house(&[2, 4, 6]).await;
    let (admin, anyone) = (platform.admin("reservation"), platform.anyone("reservation"));
    admin
        .put(&format!("/reservations/tables/{}", ids[1]), &json!({"table_number": 2, "capacity": 4, "is_active": false}))
        .await
        .expect(200);
    let numbers = |reply: &restaurant_booking_tests::Reply| -> Vec<i64> {
        reply.body.as_array().expect("an array").iter().map(|table| table["table_number"].as_i64().expect("a number")).collect()
    };
    let first = anyone.get("/reservations/tables?limit=1").await.expect(200);
    assert_eq!(numbers(&first), [1]);
    let link = first.header("link").to_owned();
    let next = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a next page");
    let second = anyone.get(next).await.expect(200);
    assert_eq!((numbers(&second), second.header("link")), (vec![3], ""));
    assert_eq!(numbers(&admin.get("/reservations/tables/?include_inactive=true").await.expect(200)), [1, 2, 3]);
    anyone.get("/reservations/tables?include_inactive=true").await.problem(401, "unauthenticated");
    platform.user("reservation", 5).get("/reservations/tables?include_inactive=true").await.problem(403, "forbidden");
    anyone.get("/reservations/tables?limit=0&cursor=invented&colour=red").await.invalid(&["?limit", "?cursor", "?colour"]);
    anyone.get("/reservations/tables?limit=101&limit=5").await.invalid(&["?limit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_bookings_ahead_stays() {
    let (platform, ids) = house(&[6]).await;
    let admin = platform.admin("reservation");
    let path = format!("/reservations/tables/{}", ids[0]);
    let guest = platform.user("reservation", 5);
    let booking = guest.post("/reservations/", &wanted(in_hours(24), 4)).await.expect(201);

    let refused = admin.delete(&path).await.problem(409, "table_has_bookings");
    let listed = json!([{
        "id": booking.id(), "reservation_code": booking.body["reservation_code"], "reservation_time": booking.body["reservation_time"]
    }]);
    assert_eq!(refused.body["reservations"], listed);
    admin.put(&path, &json!({"table_number": 1, "capacity": 3})).await.problem(409, "table_has_bookings");
    admin.put(&path, &json!({"table_number": 1, "capacity": 6, "is_active": false})).await.problem(409, "table_has_bookings");
    admin.put(&path, &json!({"table_number": 1, "capacity": 4})).await.expect(200);

    guest.act(&format!("/reservations/{}/cancel", booking.id())).await.expect(200);
    admin.delete(&path).await.expect(204);
    let kept = admin.get(&path).await.expect(200);
    assert_eq!(kept.body["is_active"], false, "a table that had a booking is deactivated");
    let named = with(wanted(in_hours(24), 2), json!({"table_id": ids[0]}));
    guest.post("/reservations/", &named).await.problem(409, "table_inactive");
    guest.post("/reservations/", &wanted(in_hours(24), 2)).await.problem(409, "no_table_fits");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_bookings_do_not_keep_a_table() {
    let (platform, ids) = house(&[2]).await;
    let id = book(&platform.user("reservation", 5), in_hours(1)).await;
    move_in_time(&platform, id, -48).await;
    platform.admin("reservation").delete(&format!("/reservations/tables/{}", ids[0])).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_deactivated_while_it_is_booked() {
    let (platform, _) = house(&[]).await;
    let admin = platform.admin("reservation");
    for (round, id) in furnish(&platform, &[2; 12]).await.into_iter().enumerate() {
        let path = format!("/reservations/tables/{id}");
        let body = with(wanted(in_hours(24), 2), json!({"table_id": id}));
        let guest = platform.user("reservation", 5);
        let off = json!({"table_number": round + 1, "capacity": 2, "is_active": false});
        let (booked, removed) = tokio::join!(guest.post("/reservations/", &body), admin.put(&path, &off));
        let outcome = (booked.status.as_u16(), removed.status.as_u16());
        assert!(matches!(outcome, (201, 409) | (409, 200)), "{outcome:?}: {} {}", booked.text, removed.text);
    }
}

/// Two administrators who exchange the numbers of two tables in the same moment: one is told that the number is taken.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_are_exchanged_do_not_deadlock() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let admin = platform.admin("reservation");
    let mut paths = Vec::new();
    for number in [1, 2] {
        let made = admin.post("/reservations/tables", &json!({"table_number": number, "capacity": 4})).await.expect(201);
        paths.push(made.header("location").to_owned());
    }
    let mut changes = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (admin, path) = (admin.clone(), paths[number % 2].clone());
        changes.spawn(async move {
            for round in 0..60 {
                let reply = admin.put(&path, &json!({"table_number": 1 + (number + round) % 2, "capacity": 4})).await;
                assert!([200, 409].contains(&reply.status.as_u16()), "{}: {}", reply.status, reply.body);
            }
        });
    }
    changes.join_all().await;
}
