//! After the load: whether what was acknowledged is there, and all that follows from it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use e2e::Report;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde_json::Value;

use crate::Settings;
use crate::client::{Client, Request};
use crate::judge::{self, Booking};
use crate::ledger::Acknowledged;
use crate::place::{Guest, Place};
use crate::topic;

/// How long an answer is insisted on.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long events may take to arrive, also those that waited for a broker to come back.
const ARRIVAL: Duration = Duration::from_secs(120);
/// How often is looked for them.
const PERIOD: Duration = Duration::from_secs(1);

/// Holds the platform against what it acknowledged, and completes the report.
pub(crate) async fn audit(
    client: &Client,
    settings: &Settings,
    place: &Place,
    report: &mut Report,
    acknowledged: &[Acknowledged],
    in_doubt: &[u64],
) -> Result<(), String> {
    let mut bookings = bookings(client, place).await?;
    report.problems.extend(judge::overlaps(&bookings));
    if place.declared {
        // The tables are everybody's: another run may have booked them before.
        bookings.retain(|booking| booking.number.is_some());
    }
    report.problems.extend(judge::bookings(&bookings, acknowledged, in_doubt));

    let (topic, started) = (format!("{}reservation.events", settings.topic_prefix), Instant::now());
    let told = loop {
        let told = topic::read(&settings.kafka, &topic).await.map(|events| judge::events(&bookings, &events));
        match told {
            Ok(told) if told.problems.is_empty() => break told,
            told if started.elapsed() > ARRIVAL => break told?,
            _ => tokio::time::sleep(PERIOD).await,
        }
    };
    (report.events, report.redelivered) = (told.events, told.redelivered);
    report.problems.extend(told.problems);

    for guest in &place.guests {
        report.problems.extend(effect(client, place, guest, &bookings).await?);
    }
    Ok(())
}

/// Every booking at the tables of this run, whoever made it.
async fn bookings(client: &Client, place: &Place) -> Result<Vec<Booking>, String> {
    let mut rows = Vec::new();
    for table in &place.tables {
        let mut page = Some(format!("/reservations/?table_id={table}&limit=100"));
        while let Some(path) = page {
            let request = Request::get(format!("{}{path}", place.reservation)).token(&place.admin);
            let answer = client.insist(&request, &[200], PATIENCE).await?;
            rows.extend(answer.body.as_array().ok_or("a list that is none")?.clone());
            page = answer.next;
        }
    }
    // The list does not tell the versions.
    let versions = stream::iter(rows).map(async |row| {
        let request = Request::get(format!("{}/reservations/{}", place.reservation, row["id"])).token(&place.admin);
        let version = client.insist(&request, &[200], PATIENCE).await?.version.ok_or("a booking without a version")?;
        booking(place, &row, version).ok_or_else(|| format!("no booking: {row}"))
    });
    versions.buffer_unordered(8).try_collect().await
}

fn booking(place: &Place, row: &Value, version: u64) -> Option<Booking> {
    Some(Booking {
        id: row["id"].as_i64()?,
        number: row["special_requests"].as_str().and_then(|tag| place.number(tag)),
        user: row["user_id"].as_i64()?,
        table: row["table_id"].as_i64()?,
        guests: row["guests_count"].as_i64()?,
        start: time(&row["reservation_time"])?,
        minutes: row["duration_minutes"].as_i64()?,
        status: row["status"].as_str()?.to_owned(),
        version,
    })
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Whether the accounts have heard of a guest's bookings.
async fn effect(client: &Client, place: &Place, guest: &Guest, bookings: &[Booking]) -> Result<Option<String>, String> {
    let request = Request::get(format!("{}/auth/users?email={}", place.auth, guest.email)).token(&place.admin);
    let started = Instant::now();
    loop {
        let user = client.insist(&request, &[200], PATIENCE).await?.body[0].clone();
        let own: Vec<&Booking> = bookings.iter().filter(|booking| user["id"] == booking.user).collect();
        let next = own.iter().filter(|booking| booking.is_on()).map(|booking| booking.start).min();
        let cancelled = own.iter().filter(|booking| !booking.is_on()).count();
        let activity = &user["activity"];
        if time(&activity["next_reservation_time"]) == next && activity["cancellations"] == cancelled {
            return Ok(None);
        }
        if started.elapsed() > ARRIVAL {
            let expected = BTreeMap::from([("next", next.map_or_else(String::new, |next| next.to_string()))]);
            return Ok(Some(format!("{} should have {expected:?} and {cancelled} cancellations, and has {activity}", guest.email)));
        }
        tokio::time::sleep(PERIOD).await;
    }
}
