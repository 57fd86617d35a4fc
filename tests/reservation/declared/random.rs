//! A random house as it is declared, the same house put through the API, and the house as the API tells it.

use proptest::prelude::*;
use restaurant_booking_tests::Platform;
use serde_json::{Value, json};

pub(crate) async fn get(platform: &Platform, path: &str) -> Value {
    platform.admin("reservation").get(path).await.expect(200).body
}

/// The house as the API tells it, without what a database gives: ids, and the times of its rows.
pub(crate) async fn told(platform: &Platform) -> Value {
    let (areas, tables) = (get(platform, "/reservations/areas").await, get(platform, "/reservations/tables").await);
    let name = |id: &Value| areas.as_array().into_iter().flatten().find(|area| area["id"] == *id).map(|area| area["name"].clone());
    let number =
        |id: &Value| tables.as_array().into_iter().flatten().find(|table| table["id"] == *id).map(|table| table["table_number"].clone());
    let table = |table: &Value| {
        json!([
            table["table_number"],
            table["capacity"],
            table["min_party"],
            name(&table["area_id"]),
            table["online"],
            table["description"]
        ])
    };
    let area = |area: &Value| json!([area["name"], area["online"], area["position"]]);
    let groups = get(platform, "/reservations/table-groups").await;
    let group = |group: &Value| {
        let members: Vec<_> = group["table_ids"].as_array().into_iter().flatten().map(number).collect();
        json!([group["name"], members, group["capacity"], group["min_party"]])
    };
    let all = |list: &Value, of: &dyn Fn(&Value) -> Value| list.as_array().into_iter().flatten().map(of).collect::<Vec<_>>();
    json!({
        "rules": get(platform, "/reservations/rules").await, "schedule": get(platform, "/reservations/schedule").await,
        "areas": all(&areas, &area), "tables": all(&tables, &table), "groups": all(&groups, &group),
    })
}

/// A house, as it is declared.
pub(crate) fn houses() -> impl Strategy<Value = Value> {
    let optional = |range: std::ops::RangeInclusive<i32>| proptest::option::of(range);
    let booking = (
        (proptest::option::of(proptest::sample::select(vec![15, 30, 60])), optional(0..=43200), 1..=20_i32, 1..=20_i32, optional(1..=20)),
        (
            optional(0..=19),
            optional(0..=120),
            proptest::collection::btree_map(1..=20, 15..=480, 0..4),
            optional(1..=1000),
            optional(0..=43200),
        ),
        (any::<bool>(), any::<bool>(), proptest::option::of("[a-zA-Zé ]{0,20}[a-z]")),
    );
    let booking = booking.prop_map(|((slot, notice, one, other, confirm), (spare, buffer, turns, covers, until), (phone, account, policy))| {
        let turns: Vec<_> = turns.iter().map(|(up_to, minutes)| json!({"upTo": up_to, "minutes": minutes})).collect();
        let pacing = covers.map(|covers| json!({"covers": covers}));
        json!({"slotMinutes": slot, "minNoticeMinutes": notice, "minParty": one.min(other), "maxParty": one.max(other), "confirmAbove": confirm,
            "maxSpareSeats": spare, "bufferMinutes": buffer, "turnTimes": turns, "pacing": pacing, "changeUntilMinutes": until,
            "phoneRequired": phone, "guestsWithoutAccount": account, "policy": policy})
    });
    let hours = proptest::collection::vec((0..24_i32, 1..5_i32, any::<bool>()), 0..4).prop_map(|services| {
        let days = ["Monday", "Tuesday", "Wednesday", "Thursday"];
        let service = |(day, (opens, length, online)): (usize, (i32, i32, bool))| {
            json!({"name": format!("Service {day}"), "days": [days[day]], "opens": format!("{:02}:00", opens.min(17)), "online": online,
                "lastSeating": format!("{:02}:00", opens.min(17)), "closes": format!("{:02}:30", opens.min(17) + length)})
        };
        services.into_iter().enumerate().map(service).collect::<Vec<_>>()
    });
    let floor = proptest::collection::vec((1..=12_i32, 1..=12_i32, any::<bool>(), any::<bool>()), 1..6).prop_map(|tables| {
        let table = |(number, (one, other, outside, online)): (usize, &(i32, i32, bool, bool))| {
            json!({"number": number + 1, "seats": one.max(other), "minParty": one.min(other), "area": if *outside { "Terrace" } else { "Hall" }, "online": online})
        };
        let seats = |at: usize| tables[at].0.max(tables[at].1);
        let joined = tables.len() > 1 && tables[0].2 == tables[1].2 && seats(0).max(seats(1)) < 20;
        let groups: Vec<_> = joined.then(|| json!({"name": "Window", "tables": [2, 1], "seats": seats(0).max(seats(1)) + 1})).into_iter().collect();
        json!({"areas": [{"name": "Terrace", "online": false}, {"name": "Hall"}], "tables": tables.iter().enumerate().map(table).collect::<Vec<_>>(), "groups": groups})
    });
    (booking, hours, floor).prop_map(|(booking, hours, floor)| json!({"booking": booking, "openingHours": hours, "floor": floor}))
}

/// A member in the spelling of the API.
fn snake(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let name = name.chars().flat_map(|c| if c.is_ascii_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] });
                (name.collect::<String>(), snake(value))
            })
            .collect(),
        Value::Array(items) => items.iter().map(snake).collect(),
        Value::String(text) if text.ends_with("day") => text.to_lowercase().into(),
        other => other.clone(),
    }
}

/// Puts a house through the API.
pub(crate) async fn through_api(platform: &Platform, house: &Value) {
    let admin = platform.admin("reservation");
    admin.put("/reservations/rules", &snake(&house["booking"])).await.expect(200);
    admin.put("/reservations/schedule", &json!({"services": snake(&house["openingHours"])})).await.expect(200);
    for group in get(platform, "/reservations/table-groups").await.as_array().into_iter().flatten() {
        admin.delete(&format!("/reservations/table-groups/{}", group["id"])).await.expect(204);
    }
    for table in get(platform, "/reservations/tables").await.as_array().into_iter().flatten() {
        admin.delete(&format!("/reservations/tables/{}", table["id"])).await.expect(204);
    }
    for area in get(platform, "/reservations/areas").await.as_array().into_iter().flatten() {
        admin.delete(&format!("/reservations/areas/{}", area["id"])).await.expect(204);
    }
    let (mut areas, mut tables) = (serde_json::Map::new(), serde_json::Map::new());
    for (position, area) in house["floor"]["areas"].as_array().expect("areas").iter().enumerate() {
        let body = json!({"name": area["name"], "online": area["online"].as_bool().unwrap_or(true), "position": position});
        let made = admin.post("/reservations/areas", &body).await.expect(201).body;
        areas.insert(area["name"].as_str().expect("a name").to_owned(), made["id"].clone());
    }
    for table in house["floor"]["tables"].as_array().expect("tables") {
        let area = &areas[table["area"].as_str().expect("an area")];
        let body = json!({"table_number": table["number"], "capacity": table["seats"], "min_party": table["minParty"], "online": table["online"], "area_id": area});
        tables.insert(table["number"].to_string(), admin.post("/reservations/tables", &body).await.expect(201).body["id"].clone());
    }
    for group in house["floor"]["groups"].as_array().expect("groups") {
        let members: Vec<_> = group["tables"].as_array().expect("numbers").iter().map(|number| &tables[&number.to_string()]).collect();
        let body = json!({"name": group["name"], "table_ids": members, "capacity": group["seats"]});
        admin.post("/reservations/table-groups", &body).await.expect(201);
    }
}
