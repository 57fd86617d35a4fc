//! The staff at work: bookings by phone, rules that they lift, notes, and who changed what.

use chassis::http::identity::Role;
use restaurant_booking_tests::{Api, Platform, token};
use serde_json::{Value, json};

use crate::{house, in_hours, listed, wanted, with};

fn host(platform: &Platform) -> Api {
    platform.anyone("reservation").with_token(token::token(8, Role::Host))
}

fn phone(hours: i64, members: Value) -> Value {
    with(json!({"source": "phone", "guests_count": 2, "reservation_time": in_hours(hours), "contact_name": "Ada Lovelace"}), members)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_by_phone_is_nobodys_account_and_confirmed_at_once() {
    let (platform, _) = house(&[4]).await;
    let (host, guest) = (host(&platform), platform.user("reservation", 5));
    let made = host.post("/reservations/", &phone(24, json!({"contact_phone": "+44 20 7946 0958"}))).await.expect(201).body;
    for (member, value) in [
        ("source", json!("phone")),
        ("user_id", json!(null)),
        ("status", json!("confirmed")),
        ("contact_name", json!("Ada Lovelace")),
        ("contact_email", json!(null)),
        ("overridden", json!(false)),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!((&made["changed_by"]["by"], &made["changed_by"]["user_id"]), (&json!("staff"), &json!(8)));
    guest.get(&format!("/reservations/{}", made["id"])).await.problem(404, "not_found");
    host.post("/reservations/", &phone(48, json!({"contact_email": "ada@example.com"}))).await.expect(201);
    host.post("/reservations/", &phone(72, json!({}))).await.invalid(&["#/contact_phone"]);
    host.post("/reservations/", &phone(72, json!({"contact_name": null, "contact_phone": "12345"}))).await.invalid(&["#/contact_name"]);
    host.post("/reservations/", &phone(72, json!({"source": "guest", "contact_phone": "12345"}))).await.invalid(&["#/source"]);
}

/// To a guest the members of the staff are unknown, in requests and in answers.
#[tokio::test(flavor = "multi_thread")]
async fn members_for_the_staff_are_unknown_to_guests() {
    let (platform, ids) = house(&[4]).await;
    let (host, guest) = (host(&platform), platform.user("reservation", 5));
    let members =
        [("table_ids", json!([ids[0]])), ("source", json!("phone")), ("override", json!(true)), ("staff_note", json!("Regulars"))];
    let made = guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    let path = format!("/reservations/{}", made.id());
    for (name, value) in &members {
        let place = format!("#/{name}");
        let body = with(wanted(in_hours(48), 2), json!({*name: value}));
        let refused = guest.post("/reservations/", &body).await.invalid(&[&place]);
        assert_eq!(refused.body["errors"][0]["code"], "unknown");
        guest.patch(&path, &json!({*name: value})).await.invalid(&[&place]);
    }
    let noted = host.patch(&path, &json!({"staff_note": "Regulars"})).await.expect(200).body;
    assert_eq!(noted["staff_note"], "Regulars");
    let mine = guest.get("/reservations/my").await.expect(200).body[0].clone();
    for seen in [guest.get(&path).await.expect(200).body, mine, guest.patch(&path, &json!({"contact_name": "Ada"})).await.expect(200).body]
    {
        for name in ["staff_note", "overridden", "changed_by", "undo"] {
            assert!(seen.get(name).is_none(), "{name} in {seen}");
        }
        assert_eq!(seen["ends_at"], json!(in_hours(26)));
    }
    let listed = host.get("/reservations/").await.expect(200).body[0].clone();
    assert_eq!((&listed["staff_note"], &listed["contact_name"]), (&json!("Regulars"), &json!("Ada")));
    assert_eq!(listed["changed_by"]["by"], "guest");
    host.patch(&path, &json!({"staff_note": null})).await.expect(200);
    assert_eq!(host.get(&path).await.expect(200).body["staff_note"], json!(null));
}

/// Who changed it is told by name, where the guest directory knows them.
#[tokio::test(flavor = "multi_thread")]
async fn who_changed_a_booking_is_told_by_name() {
    let (platform, _) = house(&[4]).await;
    let (host, guest) = (host(&platform), platform.user("reservation", 5));
    let known = "INSERT INTO guest VALUES (8, 'grace@example.com', 'Grace Hopper', NULL, 1)";
    sqlx::query(known).execute(&platform.pool("reservation")).await.expect("a host");
    let id = guest.post("/reservations/", &wanted(in_hours(1), 2)).await.expect(201).id();
    let path = format!("/reservations/{id}");
    let acted = host.act(&format!("{path}/seat")).await.expect(200).body;
    let expected = json!({"by": "staff", "user_id": 8, "name": "Grace Hopper", "at": acted["updated_at"]});
    assert_eq!(acted["changed_by"], expected);
    assert_eq!(host.get(&path).await.expect(200).body["changed_by"], expected);
    assert_eq!(host.get("/reservations/").await.expect(200).body[0]["changed_by"], expected);
}

/// Each rule that the staff may lift, and each that nobody lifts.
#[tokio::test(flavor = "multi_thread")]
async fn an_override_lifts_the_rules_and_not_the_floor() {
    let (platform, ids) = house(&[2, 4]).await;
    let (admin, host) = (platform.admin("reservation"), host(&platform));
    let rules = json!({"slot_minutes": 30, "min_notice_minutes": 1440, "max_party": 2, "max_spare_seats": 0, "pacing": {"parties": 1},
        "turn_times": [{"up_to": 20, "minutes": 60}]});
    admin.put("/reservations/rules", &rules).await.expect(200);
    let closed = |day: i64| listed(24 * day).to_zoned(jiff::tz::TimeZone::UTC).date();
    let exception = json!({"from": closed(10), "until": closed(10), "closed": true});
    admin.post("/reservations/exceptions", &exception).await.expect(201);
    let off_step = listed(48) + jiff::SignedDuration::from_mins(17);
    let booked = async |body: Value| host.post("/reservations/", &with(body, json!({"override": true}))).await;
    for body in [
        wanted(off_step, 1),
        wanted(in_hours(2), 2),
        wanted(listed(24 * 5), 4),
        with(wanted(listed(24 * 6), 2), json!({"duration_minutes": 240})),
        wanted(listed(24 * 10), 2),
    ] {
        let plain = host.post("/reservations/", &body).await;
        assert!(matches!(plain.status.as_u16(), 409 | 422), "{} {body}", plain.text);
        let made = booked(body.clone()).await.expect(201).body;
        assert_eq!(made["overridden"], true, "{body}");
        if let Some(minutes) = body.get("duration_minutes") {
            assert_eq!(&made["duration_minutes"], minutes);
        }
    }
    // The kitchen's limit is one party; both count.
    let second = booked(wanted(listed(24 * 6), 3)).await.expect(201).body;
    host.post("/reservations/", &wanted(listed(24 * 6), 2)).await.problem(409, "not_bookable");
    for (body, status, code) in [
        (wanted(in_hours(-1), 2), 422, "validation_failed"),
        (wanted(in_hours(24 * 400), 2), 422, "validation_failed"),
        (with(wanted(listed(24 * 6), 2), json!({"table_id": ids[0]})), 409, "table_taken"),
        (with(wanted(listed(24 * 7), 3), json!({"table_id": ids[0]})), 422, "validation_failed"),
        (wanted(listed(24 * 7), 5), 409, "no_table_fits"),
    ] {
        booked(body.clone()).await.problem(status, code);
    }
    // One that is moved by override keeps its mark, and is not stranded.
    let plain = host.post("/reservations/", &wanted(listed(24 * 12), 2)).await.expect(201).body;
    assert_eq!(plain["overridden"], false);
    let path = format!("/reservations/{}", plain["id"]);
    host.patch(&path, &json!({"reservation_time": off_step})).await.problem(409, "not_bookable");
    let moved = host.patch(&path, &json!({"reservation_time": off_step + jiff::SignedDuration::from_hours(3), "override": true})).await;
    assert_eq!(moved.expect(200).body["overridden"], true);
    assert_eq!(host.patch(&path, &json!({"special_requests": "Tea"})).await.expect(200).body["overridden"], true);
    assert_eq!(admin.get("/reservations/?stranded=true").await.expect(200).body, json!([]));
    assert_eq!(second["overridden"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_does_the_day_and_not_the_house() {
    let (platform, _) = house(&[4]).await;
    let host = host(&platform);
    host.get("/reservations/").await.expect(200);
    host.put("/reservations/pause", &json!({"until": in_hours(1)})).await.expect(200);
    host.put("/reservations/rules", &json!({})).await.problem(403, "forbidden");
    host.post("/reservations/tables", &json!({"table_number": 9, "capacity": 2})).await.problem(403, "forbidden");
}
