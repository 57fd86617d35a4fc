//! The house as it is declared: what is declared is so, and nobody else changes it; what is not is the staff's.

mod random;

use chassis::http::identity::Role;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reservation::config::Restaurant;
use reservation::declared::{Applied, Checked, apply, file};
use reservation::room::Room;
use restaurant_booking_tests::{Platform, Setup, token};
use serde_json::json;

use random::{get, houses, through_api, told};

/// A house that is declared wholly.
const TRATTORIA: &str = r#"
booking:
  slotMinutes: 15
  maxParty: 8
  turnTimes:
    - {upTo: 2, minutes: 90}
    - {upTo: 8, minutes: 120}
  pacing: {covers: 24}
  phoneRequired: false
openingHours:
  - {name: Dinner, days: [Tuesday, Wednesday, Thursday, Friday, Saturday], opens: "18:00", lastSeating: "21:30", closes: "23:30"}
  - {name: Lunch, days: [Sunday], opens: "12:00", lastSeating: "14:00", closes: "16:00", slotMinutes: 30, online: false}
floor:
  areas:
    - {name: Hall}
    - {name: Terrace, online: false}
  tables:
    - {number: 1, seats: 2, area: Hall, description: By the window}
    - {number: 2, seats: 4, area: Hall, minParty: 3}
    - {number: 7, seats: 4, area: Terrace, online: false}
  groups:
    - {name: Window, tables: [1, 2], seats: 7, minParty: 5}
"#;

async fn declare(platform: &Platform, text: &str) -> Applied {
    let declared = file::parse(text).unwrap_or_else(|faults| panic!("{faults}"));
    put(platform, &declared).await
}

async fn put(platform: &Platform, declared: &Checked) -> Applied {
    let room = Room::new(Restaurant::default(), None);
    let pool = platform.pool("reservation");
    let mut connection = pool.acquire().await.expect("a connection");
    // What the service knows of the house is at most a second old.
    let applied = apply(&mut connection, &room, declared).await.expect("applied");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    applied
}

async fn version(platform: &Platform) -> i32 {
    sqlx::query_scalar("SELECT version FROM house").fetch_one(&platform.pool("reservation")).await.expect("a version")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_is_so_and_a_settled_house_costs_no_write() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let applied = declare(&platform, TRATTORIA).await;
    assert_eq!(
        applied.to_string(),
        "declared: booking, openingHours, floor; rules changed; hours changed; areas: 2 added; tables: 3 added; groups: 1 added; bookings stranded: 0"
    );
    let house = told(&platform).await;
    assert_eq!(house["rules"]["slot_minutes"], 15);
    assert_eq!((&house["rules"]["guests_without_account"], &house["rules"]["phone_required"]), (&json!(true), &json!(false)));
    assert_eq!(house["schedule"]["services"][1]["online"], json!(false));
    assert_eq!(house["areas"], json!([["Hall", true, 0], ["Terrace", false, 1]]));
    assert_eq!(
        house["tables"],
        json!([[1, 2, 1, "Hall", true, "By the window"], [2, 4, 3, "Hall", true, null], [7, 4, 1, "Terrace", false, null]])
    );
    assert_eq!(house["groups"], json!([["Window", [1, 2], 7, 5]]));
    let before = version(&platform).await;
    assert_eq!(declare(&platform, TRATTORIA).await.to_string(), "declared: booking, openingHours, floor; no change");
    assert_eq!(version(&platform).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_section_is_changed_nowhere_else_and_a_withdrawn_one_is_the_staffs() {
    let platform = Platform::start(Setup::only("reservation")).await;
    declare(&platform, TRATTORIA).await;
    let (admin, house) = (platform.admin("reservation"), told(&platform).await);
    let tables = get(&platform, "/reservations/tables").await;
    let (area, table) = (&tables[0]["area_id"], &tables[0]["id"]);
    let group = &get(&platform, "/reservations/table-groups").await[0]["id"];
    let (new_area, new_table) = (json!({"name": "Garden"}), json!({"table_number": 9, "capacity": 2}));
    let new_group = json!({"name": "Wall", "table_ids": [tables[0]["id"], tables[1]["id"]], "capacity": 6});
    let refused = [
        ("booking", admin.put("/reservations/rules", &json!({})).await),
        ("openingHours", admin.put("/reservations/schedule", &json!({"services": []})).await),
        ("floor", admin.post("/reservations/areas", &new_area).await),
        ("floor", admin.put(&format!("/reservations/areas/{area}"), &new_area).await),
        ("floor", admin.delete(&format!("/reservations/areas/{area}")).await),
        ("floor", admin.post("/reservations/tables", &new_table).await),
        ("floor", admin.put(&format!("/reservations/tables/{table}"), &new_table).await),
        ("floor", admin.delete(&format!("/reservations/tables/{table}")).await),
        ("floor", admin.post("/reservations/table-groups", &new_group).await),
        ("floor", admin.put(&format!("/reservations/table-groups/{group}"), &new_group).await),
        ("floor", admin.delete(&format!("/reservations/table-groups/{group}")).await),
    ];
    for (section, reply) in refused {
        assert_eq!(reply.body["section"], section, "{}", reply.text);
        reply.problem(409, "managed_by_resource");
    }
    assert_eq!(told(&platform).await, house);
    // What changes daily is never declared.
    admin.post("/reservations/exceptions", &json!({"from": "2030-12-24", "until": "2030-12-24", "closed": true})).await.expect(201);
    admin.put("/reservations/pause", &json!({"until": Timestamp::now() + SignedDuration::from_hours(1)})).await.expect(200);

    // One section is left out: it stays as it is, and is the staff's.
    let floor = TRATTORIA.split_once("floor:").map(|(_, floor)| format!("floor:{floor}")).expect("a floor");
    assert_eq!(declare(&platform, &floor).await.to_string(), "declared: floor; no change");
    assert_eq!(told(&platform).await, house);
    admin.put("/reservations/rules", &json!({"slot_minutes": 30})).await.expect(200);
    admin.put("/reservations/schedule", &json!({"services": []})).await.expect(200);
    admin.post("/reservations/areas", &new_area).await.problem(409, "managed_by_resource");
    assert_eq!(declare(&platform, "{}").await.to_string(), "nothing is declared: the house is the staff's; no change");
    admin.post("/reservations/areas", &new_area).await.expect(201);
    // Declared again, it is as it is declared, whatever the staff made of it.
    assert_eq!(declare(&platform, &floor).await.areas.removed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_declared_no_more_goes_or_is_kept_for_its_bookings_which_are_told() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let floor = |tables: &str| format!("floor: {{areas: [{{name: Hall}}], tables: [{tables}]}}");
    declare(&platform, &floor("{number: 1, seats: 2, area: Hall}, {number: 2, seats: 2, area: Hall}, {number: 3, seats: 2}")).await;
    let tables = get(&platform, "/reservations/tables").await;
    let start = Timestamp::now() + SignedDuration::from_hours(48);
    let body = json!({"source": "phone", "guests_count": 2, "reservation_time": start.round(jiff::Unit::Minute).expect("a minute"),
        "contact_name": "Ada", "contact_phone": "+44 20 7946 0958", "table_id": tables[0]["id"]});
    let booking = platform.admin("reservation").post("/reservations/", &body).await.expect(201).body;
    let applied = declare(&platform, "floor: {tables: [{number: 3, seats: 4}]}").await;
    assert_eq!(applied.to_string(), "declared: floor; areas: 1 removed; tables: 1 changed, 1 deactivated, 1 removed; bookings stranded: 1");
    let now = get(&platform, &format!("/reservations/{}", booking["id"])).await;
    assert_eq!((&now["status"], &now["table_id"]), (&json!("confirmed"), &tables[0]["id"]));
    let listed = get(&platform, "/reservations/?stranded=true").await;
    assert_eq!(listed[0]["id"], booking["id"]);
    // Its number comes back: it is the same table, in use again.
    let applied = declare(&platform, "floor: {tables: [{number: 3, seats: 4}, {number: 1, seats: 2}]}").await;
    assert_eq!(applied.to_string(), "declared: floor; tables: 1 changed; bookings stranded: 0");
    assert_eq!(get(&platform, "/reservations/?stranded=true").await, json!([]));
    // Hours that are declared strand, too; none of it cancels.
    let applied =
        declare(&platform, "openingHours: [{name: Dawn, days: [Monday], opens: \"03:00\", lastSeating: \"03:01\", closes: \"03:02\"}]")
            .await;
    assert_eq!(applied.to_string(), "declared: openingHours; hours changed; bookings stranded: 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_in_quick_succession_end_in_the_last_and_a_lost_race_changes_nothing() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let floor = |seats: i32| {
        file::parse(&format!("floor: {{tables: [{{number: 1, seats: {seats}}}, {{number: 2, seats: {seats}}}]}}")).expect("a floor")
    };
    let floors: Vec<_> = (1..=8).map(floor).collect();
    let all = floors.iter().map(|declared| {
        let pool = platform.pool("reservation");
        async move {
            let room = Room::new(Restaurant::default(), None);
            apply(&mut pool.acquire().await.expect("a connection"), &room, declared).await.expect("applied")
        }
    });
    futures_util::future::join_all(all).await;
    let tables = told(&platform).await["tables"].clone();
    assert_eq!(tables.as_array().map(Vec::len), Some(2));
    assert_eq!(tables[0][1], tables[1][1], "a house of two declarations: {tables}");
    put(&platform, &floors[2]).await;
    assert_eq!(told(&platform).await["tables"][0][1], 3);
}

#[test]
fn a_declared_house_is_the_one_that_the_api_makes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (by_file, by_api) =
        runtime.block_on(async { (Platform::start(Setup::only("reservation")).await, Platform::start(Setup::only("reservation")).await) });
    let mut runner = TestRunner::new(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&houses(), |house| {
        runtime.block_on(async {
            through_api(&by_api, &house).await;
            declare(&by_file, &house.to_string()).await;
            prop_assert_eq!(told(&by_file).await, told(&by_api).await);
            Ok(())
        })
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    drop(runtime);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_kept_as_the_api_keeps_them() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let invisible = file::parse("floor: {areas: [{name: \"\\u200B\"}], tables: [{number: 1, seats: 2}]}").expect_err("a fault");
    assert!(invisible.to_string().starts_with("floor.areas[0].name: "), "{invisible}");
    // What copying leaves around a name is no part of it, there and where the name is named.
    declare(&platform, "booking: {policy: \"  Be on time. \"}\nfloor: {areas: [{name: \"Hall\\u200B\"}], tables: [{number: 1, seats: 2, area: \" Hall\"}]}").await;
    let house = told(&platform).await;
    assert_eq!((&house["rules"]["policy"], &house["tables"][0][3]), (&json!("Be on time."), &json!("Hall")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_refused_for_their_role_first() {
    let platform = Platform::start(Setup::only("reservation")).await;
    declare(&platform, "openingHours: []").await;
    let host = platform.anyone("reservation").with_token(token::token(7, Role::Host));
    host.put("/reservations/schedule", &json!({"services": []})).await.problem(403, "forbidden");
}
