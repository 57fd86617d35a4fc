//! The house in the resource: edited while guests book, and kept by an image that does not know of it.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Weekday};
use reqwest::Method;
use serde_json::{Value, json};

use crate::doors::Doors;
use crate::restaurant::{Restaurant, spec};
use crate::visitors::Faults;
use crate::world::{World, ensure, eventually};
use crate::{Result, Skipped};

/// How long a Job of the house, or a rollout, may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// A table of `examples/trattoria.yaml` that the traffic books, and that is in no group.
const TABLE: i64 = 6;

/// The sections of `examples/trattoria.yaml` that declare the house.
fn declared() -> Result<Value> {
    let example: Value = serde_yaml::from_str(&std::fs::read_to_string(World::path("examples/trattoria.yaml"))?)?;
    let sections = ["booking", "openingHours", "floor"].map(|section| (section.to_owned(), example["spec"][section].clone()));
    Ok(Value::Object(sections.into_iter().collect()))
}

/// A restaurant whose resource declares the house of the example.
async fn restaurant<'w>(world: &'w World, name: &str) -> Result<Restaurant<'w>> {
    let mut spec = spec(name, 2);
    for (section, value) in declared()?.as_object().into_iter().flatten() {
        spec[section] = value.clone();
    }
    let restaurant = world.restaurant_of(&format!("e2e-{name}"), name, &spec).await?;
    restaurant.replace(&spec).await?;
    restaurant.ready().await?;
    Ok(restaurant)
}

/// Edits a section, and gives what the condition then says.
async fn edit(restaurant: &Restaurant<'_>, section: &str, value: &Value) -> Result<String> {
    restaurant.change(&json!({section: value})).await?;
    let applied = restaurant.becomes("HouseApplied", "True", "Applied", PATIENCE).await?;
    restaurant.world.tell(format!("{section}: {}", applied.message));
    Ok(applied.message)
}

/// The number at the end of the message.
fn stranded(message: &str) -> Result<usize> {
    let (_, count) = message.split_once("bookings stranded: ").ok_or_else(|| format!("no stranded bookings are told: {message}"))?;
    Ok(count.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse()?)
}

/// A list for the administrator: its first hundred.
async fn list(doors: &Doors, token: &str, path: &str) -> Result<Vec<Value>> {
    let text = doors.ask(Method::GET, &format!("{}{path}", doors.reservation.url), token, &Value::Null, 200).await?;
    Ok(serde_json::from_str(&text)?)
}

/// Whether a booking begins on a Monday.
fn is_monday(booking: &Value) -> Result<bool> {
    let start: Timestamp = booking["reservation_time"].as_str().ok_or("a booking without a time")?.parse()?;
    Ok(start.to_zoned(TimeZone::get("Europe/Rome")?).weekday() == Weekday::Monday)
}

/// Hours and floor are edited while guests book: no Pod is replaced, no request fails but those that the rules refuse, and the bookings
/// that an edit strands are told. Two edits in quick succession end in the second.
pub(crate) async fn hours_and_floor_are_edited_under_load(world: &World) -> Result<()> {
    let restaurant = restaurant(world, "osteria").await?;
    let (doors, token) = restaurant.visit().await?;
    let pods = restaurant.ready_pods("reservation").await?;
    let traffic = restaurant.traffic(Faults::None, &["--declared-house", "--bookings-per-second=16"]).await?;
    let table = list(&doors, &token, "/reservations/tables").await?.into_iter().find(|table| table["table_number"] == TABLE);
    let table = table.ok_or("the table is not there")?["id"].clone();
    let booked = async || {
        let bookings = list(&doors, &token, &format!("/reservations/?table_id={table}&limit=100")).await?;
        Ok(bookings.iter().map(is_monday).collect::<Result<Vec<_>>>()?.contains(&true).then_some(()))
    };
    eventually(&format!("table {TABLE} is booked for a Monday"), PATIENCE, booked).await?;

    let mut house = declared()?;
    for service in house["openingHours"].as_array_mut().into_iter().flatten() {
        service["days"].as_array_mut().into_iter().for_each(|days| days.retain(|day| day != "Monday"));
    }
    let message = edit(&restaurant, "openingHours", &house["openingHours"]).await?;
    let (told, listed) = (stranded(&message)?, list(&doors, &token, "/reservations/?stranded=true&limit=100").await?);
    // A guest may cancel theirs meanwhile.
    ensure(message.contains("hours changed") && told > 0 && (1..=told).contains(&listed.len()), || {
        format!("told: {message}; listed: {}", listed.len())
    })?;
    for booking in &listed {
        ensure(is_monday(booking)?, || format!("stranded, and of no Monday: {booking}"))?;
    }
    let tables = house["floor"]["tables"].as_array_mut().ok_or("no tables")?;
    tables.retain(|table| table["number"] != TABLE);
    let message = edit(&restaurant, "floor", &house["floor"]).await?;
    ensure(message.contains("tables: 1 deactivated") && stranded(&message)? > 0, || format!("told: {message}"))?;
    let listed = list(&doors, &token, "/reservations/?stranded=true&limit=100").await?;
    ensure(listed.iter().any(|booking| booking["table_id"] == table), || "no booking of the table is listed".to_owned())?;

    restaurant.change(&json!({"booking": {"policy": "The first"}})).await?;
    edit(&restaurant, "booking", &json!({"policy": "The second"})).await?;
    let rules = doors.get(&format!("{}/reservations/rules", doors.reservation.url)).await?;
    ensure(rules.contains("The second"), || format!("the second edit is not the last: {rules}"))?;
    restaurant.ready().await?;
    let now = restaurant.ready_pods("reservation").await?;
    ensure(now == pods, || format!("Pods were replaced: {pods:?} became {now:?}"))?;
    let services = json!({"services": []});
    let refused = doors.ask(Method::PUT, &format!("{}/reservations/schedule", doors.reservation.url), &token, &services, 409).await?;
    ensure(refused.contains("managed_by_resource"), || format!("the hours are refused for another reason: {refused}"))?;

    let report = traffic.end().await?;
    let of = |code: &str| report.refused_by_rules.get(code).copied().unwrap_or_default();
    ensure(of("not_bookable") > 0 && of("table_inactive") > 0, || format!("the edits refuse nobody: {:?}", report.refused_by_rules))
}

/// An image that cannot apply a house serves the one that there is; a newer one then applies what was declared meanwhile.
pub(crate) async fn an_image_of_before_serves_the_house_as_it_is(world: &World) -> Result<()> {
    let before = world.settings.before_tag.as_ref();
    let before = before.ok_or_else(|| Skipped("BEFORE_TAG names no image of reservation from before the house".to_owned()))?;
    let restaurant = restaurant(world, "locanda").await?;
    let traffic = restaurant.traffic(Faults::None, &["--declared-house", "--bookings-per-second=16"]).await?;
    let mut house = declared()?;
    house["image"] = json!({"reservation": {"tag": before}});
    house["booking"]["policy"] = "Of another version".into();
    restaurant.change(&house).await?;
    let said = restaurant.becomes("HouseApplied", "False", "HouseNotSupported", PATIENCE).await?;
    restaurant.ready().await?;
    ensure(restaurant.tag("reservation").await? == *before, || "the image of before does not run".to_owned())?;
    world.tell(format!("reservation runs {before}, and is Ready: {}", said.message));
    let rules = async || {
        let door = restaurant.forward(("reservation", 8002)).await?;
        Result::Ok(
            reqwest::Client::builder().no_proxy().build()?.get(format!("{}/reservations/rules", door.url)).send().await?.text().await?,
        )
    };
    let told = rules().await?;
    ensure(told.contains("We keep your table"), || format!("the house is another: {told}"))?;

    restaurant.change(&json!({"image": {"reservation": null}})).await?;
    restaurant.becomes("HouseApplied", "True", "Applied", PATIENCE).await?;
    restaurant.ready().await?;
    let told = rules().await?;
    ensure(told.contains("Of another version"), || format!("what was declared meanwhile is not applied: {told}"))?;
    world.tell("the newer image again: the house is as it is declared");
    traffic.end().await.map(drop)
}
