//! Several restaurants in one cluster.

use reqwest::Method;
use serde_json::json;

use crate::Result;
use crate::world::{World, ensure};

/// Two in one namespace, and one of the same name in another: each has guests, tables and an administrator of its own.
pub(crate) async fn two_in_one_namespace_and_one_in_another(world: &World) -> Result<()> {
    let restaurants = [
        world.trattoria().await?,
        world.restaurant("e2e-trattoria", "osteria", 1).await?,
        world.restaurant("e2e-osteria", "trattoria", 1).await?,
    ];
    let (mut doors, mut passwords) = (Vec::new(), Vec::new());
    for restaurant in &restaurants {
        doors.push(restaurant.visit().await?);
        passwords.push(restaurant.administrator().await?);
    }
    // Of this run alone.
    let number = i64::from(std::process::id()) * 10;
    for (at, (door, token)) in doors.iter().enumerate() {
        let table = json!({"table_number": number, "capacity": 2});
        door.ask(Method::POST, &format!("{}/reservations/tables", door.reservation.url), token, &table, 201).await?;
        for (other, (email, password)) in passwords.iter().enumerate() {
            let opens = door.log_in(email, password).await.is_ok();
            ensure(opens == (at == other), || format!("the password of restaurant {other} and restaurant {at}: {opens}"))?;
        }
        for (other, (_, token)) in doors.iter().enumerate().filter(|(other, _)| *other != at) {
            let url = format!("{}/reservations/my", door.reservation.url);
            door.ask(Method::GET, &url, token, &json!(null), 401).await.map_err(|error| format!("token of {other} at {at}: {error}"))?;
        }
    }
    world.tell("three restaurants, each with a table of the same number; no password and no token is good for another");
    Ok(())
}
