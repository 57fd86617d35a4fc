use reservation::config::{Limits, Restaurant};
use restaurant_booking_tests::{Platform, Reply, Setup};
use serde_json::json;

use crate::{book, furnish, house, in_hours, move_in_time, wanted, with};

fn ids(reply: &Reply) -> Vec<i64> {
    reply.body.as_array().expect("an array").iter().map(|row| row["id"].as_i64().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn my_bookings_upcoming_and_past() {
    let (platform, _) = house(&[2; 2]).await;
    let guest = platform.user("reservation", 5);
    book(&platform.user("reservation", 6), in_hours(24)).await;
    let soon = book(&guest, in_hours(24)).await;
    let later = book(&guest, in_hours(48)).await;
    let cancelled = book(&guest, in_hours(72)).await;
    guest.act(&format!("/reservations/{cancelled}/cancel")).await.expect(200);
    let over = book(&guest, in_hours(96)).await;
    move_in_time(&platform, over, -200).await;

    assert_eq!(ids(&guest.get("/reservations/my?when=upcoming").await.expect(200)), [soon, later]);
    assert_eq!(ids(&guest.get("/reservations/my?when=past").await.expect(200)), [cancelled, over]);
    assert_eq!(ids(&guest.get("/reservations/my/").await.expect(200)), [cancelled, later, soon, over]);
    guest.get("/reservations/my?when=never&limit=x").await.invalid(&["?when", "?limit"]);

    let mut seen = Vec::new();
    let mut path = "/reservations/my?limit=3".to_owned();
    loop {
        let page = guest.get(&path).await.expect(200);
        seen.extend(ids(&page));
        let link = page.header("link");
        let Some(next) = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")) else { break };
        path = next.to_owned();
    }
    assert_eq!(seen, [cancelled, later, soon, over]);
    // A cursor is good for the list that gave it.
    let cursor = path.split("cursor=").nth(1).expect("a cursor");
    guest.get(&format!("/reservations/my?when=past&cursor={cursor}")).await.invalid(&["?cursor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_restaurants_list_is_filtered_by_local_day_status_table_and_user() {
    let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
    let setup = Setup {
        restaurant: Restaurant { time_zone: zone.clone(), limits: Limits::NONE, ..Restaurant::default() },
        ..Setup::only("reservation")
    };
    let platform = Platform::start(setup).await;
    let tables = furnish(&platform, &[2, 2]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    // 23:30 and 00:30 in New York are two days there, and the same one in UTC.
    let date = in_hours(24 * 20).to_zoned(zone).date();
    let late = date.at(23, 30, 0, 0).in_tz("America/New_York").expect("a time").timestamp();
    let first = guest.post("/reservations/", &with(wanted(late, 2), json!({"table_id": tables[0]}))).await.expect(201).id();
    let second = guest
        .post("/reservations/", &with(wanted(late + jiff::SignedDuration::from_hours(1), 2), json!({"table_id": tables[1]})))
        .await
        .expect(201)
        .id();
    admin.act(&format!("/reservations/{second}/confirm")).await.expect(200);

    let list = |query: String| {
        let admin = admin.clone();
        async move { ids(&admin.get(&format!("/reservations/{query}")).await.expect(200)) }
    };
    assert_eq!(list(String::new()).await, [first, second]);
    assert_eq!(list(format!("?date={date}")).await, [first]);
    // The first still holds its table when the next day begins.
    assert_eq!(list(format!("?date={}", date.tomorrow().expect("a date"))).await, [first, second]);
    assert_eq!(list(format!("?date={}", date.yesterday().expect("a date"))).await, [0; 0]);
    assert_eq!(list("?status=confirmed".to_owned()).await, [second]);
    assert_eq!(list("?status=confirmed&status=pending&limit=1".to_owned()).await, [first]);
    assert_eq!(list(format!("?table_id={}", tables[1])).await, [second]);
    assert_eq!(list("?user_id=6".to_owned()).await, [0; 0]);
    let row = admin.get("/reservations/?limit=1").await.expect(200);
    assert_eq!(row.body[0]["guest"], json!(null), "the directory has not heard of this user");
    admin.get("/reservations/?date=2030-02-30&status=eaten&table_id=0&user_id=x&colour=red").await.invalid(&[
        "?date",
        "?status",
        "?table_id",
        "?user_id",
        "?colour",
    ]);
    guest.get("/reservations/").await.problem(403, "forbidden");
}

/// The staff see who sits at a table after midnight, and no longer than that.
#[tokio::test(flavor = "multi_thread")]
async fn row43_the_list_of_a_day_has_those_of_the_evening_before_that_still_hold_a_table() {
    let (platform, _) = house(&[2; 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let date = in_hours(24 * 20).to_zoned(jiff::tz::TimeZone::UTC).date();
    let at = |hour: i8, minute: i8| date.at(hour, minute, 0, 0).in_tz("UTC").expect("a time").timestamp();
    let book = async |start, minutes: i64| {
        guest.post("/reservations/", &with(wanted(start, 2), json!({"duration_minutes": minutes}))).await.expect(201).id()
    };
    let over = book(at(22, 0), 120).await;
    let late = book(at(22, 30), 120).await;
    let cancelled = book(at(23, 0), 120).await;
    let long = book(at(16, 1), 480).await;
    admin.act(&format!("/reservations/{cancelled}/cancel")).await.expect(200);
    let next = date.tomorrow().expect("a date");
    assert_eq!(ids(&admin.get(&format!("/reservations/?date={date}")).await.expect(200)), [long, over, late, cancelled]);
    assert_eq!(ids(&admin.get(&format!("/reservations/?date={next}")).await.expect(200)), [long, late]);
    assert_eq!(ids(&admin.get(&format!("/reservations/?date={next}&status=cancelled")).await.expect(200)), [0; 0]);
    // Page by page as well.
    let first = admin.get(&format!("/reservations/?date={next}&limit=1")).await.expect(200);
    let link = first.header("link").strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a page").to_owned();
    assert_eq!((ids(&first), ids(&admin.get(&link).await.expect(200))), (vec![long], vec![late]));
}

/// A cursor can be invented: a time that no clock can show is no cursor, wherever bookings are listed.
#[tokio::test(flavor = "multi_thread")]
async fn f02_a_cursor_beyond_time_is_invented() {
    use base64::Engine as _;
    let (platform, _) = house(&[2]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    for time in [i64::MIN, i64::MAX, -377_705_023_201_000_000, -62_167_219_200_000_001, 253_402_300_800_000_000] {
        for (order, path, api) in [
            ("my-all", "/reservations/my?", &guest),
            ("my-past", "/reservations/my?when=past&", &guest),
            ("my-upcoming", "/reservations/my?when=upcoming&", &guest),
            ("house", "/reservations/?", &admin),
            ("house", "/reservations/?status=pending&table_id=1&", &admin),
            ("house", "/reservations/?user_id=5&", &admin),
        ] {
            let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json!([order, [time, 1]]).to_string());
            let refused = api.get(&format!("{path}cursor={cursor}")).await.invalid(&["?cursor"]);
            assert_eq!(refused.body["errors"][0]["code"], "invalid_cursor", "{path} {time}");
        }
    }
    // The extremes that a clock can show are positions like any other.
    for time in [-62_167_219_200_000_000_i64, 253_402_207_200_000_000] {
        let cursor = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json!(["house", [time, -1]]).to_string());
        admin.get(&format!("/reservations/?cursor={cursor}")).await.expect(200);
    }
}

/// By code, name, address or number, of the booking or of the account; in any case, and whatever a pattern would mean.
#[tokio::test(flavor = "multi_thread")]
async fn the_staff_find_a_booking_by_a_part_of_whom_it_is_for() {
    let (platform, _) = house(&[2; 4]).await;
    let (admin, guest) = (platform.admin("reservation"), platform.user("reservation", 5));
    let known = "INSERT INTO guest VALUES (5, 'ada@example.org', 'Ada Lovelace', '+44 20 7946 0321', 1)";
    sqlx::query(known).execute(&platform.pool("reservation")).await.expect("a guest");
    let first = guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    let phone = json!({"source": "phone", "guests_count": 2, "reservation_time": in_hours(48), "contact_name": "Grace O'Hopper_100%",
        "contact_phone": "+1 202 555 0143"});
    let second = admin.post("/reservations/", &phone).await.expect(201).id();
    let code = first.body["reservation_code"].as_str().expect("a code").to_owned();
    let first = first.id();
    let found = async |text: &str| {
        let request = admin.request(reqwest::Method::GET, "/reservations/").query(&[("q", text)]);
        ids(&restaurant_booking_tests::api::send(request).await.expect(200))
    };
    for (text, expected) in [
        (code.as_str(), vec![first]),
        (&code.to_lowercase()[1..6], vec![first]),
        ("LOVE", vec![first]),
        ("ada@example.org", vec![first]),
        ("guest@example.com", vec![first]),
        ("7946 03", vec![first]),
        ("o'hop", vec![second]),
        ("_100%", vec![second]),
        ("g_ace", vec![]),
        ("202 555", vec![second]),
        ("%%%", vec![]),
    ] {
        assert_eq!(found(text).await, expected, "{text}");
    }
    // The latest first, page by page.
    for day in 3..6 {
        guest.post("/reservations/", &wanted(in_hours(24 * day), 2)).await.expect(201);
    }
    let page = admin.get("/reservations/?q=example.com&limit=3").await.expect(200);
    let link = page.header("link").strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a page").to_owned();
    let next = admin.get(&link).await.expect(200);
    let all: Vec<i64> = ids(&page).into_iter().chain(ids(&next)).collect();
    assert_eq!(all, [second + 3, second + 2, second + 1, first]);
    for (query, place, code) in [
        ("q=ab", "?q", "too_short"),
        ("q=abc&status=pending", "?q", "alone"),
        ("q=abc&stranded=true", "?q", "alone"),
        ("stranded=true&user_id=5", "?stranded", "alone"),
    ] {
        let refused = admin.get(&format!("/reservations/?{query}")).await.invalid(&[place]);
        assert_eq!(refused.body["errors"][0]["code"], code, "{query}");
    }
}
