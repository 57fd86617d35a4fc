//! Who is let in, and what another site cannot do.

use chassis::http::identity::Role;
use serde_json::json;

use crate::browser::{Browser, leads_to, says};
use crate::{ROSA, booked, house, minutes, rosa, seen, signed_in, tap};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_one_signs_in_first_and_comes_back() {
    let platform = house(&[2]).await;
    let anyone = Browser::new(platform.base("reservation"));
    let to = leads_to(&anyone.open("/host?date=2030-05-17").await);
    assert!(to.starts_with("http://localhost:8000/account/login?next=http%3A%2F%2F127"), "{to}");
    assert!(to.ends_with("%2Fhost%3Fdate%3D2030%2D05%2D17"), "{to}");
    // Guests, tokens for the API, and sessions that are over or forged are no staff.
    signed_in(&platform, 5, Role::User).open("/host").await.expect(403);
    for token in [restaurant_booking_tests::token::token(ROSA, Role::Host), "a.b.c".to_owned()] {
        leads_to(&anyone.with("Cookie", &format!("session={token}")).open("/host").await);
    }
    platform
        .anyone("reservation")
        .with_token(restaurant_booking_tests::token::session(1, Role::Admin, 60))
        .get("/reservations/")
        .await
        .problem(401, "unauthenticated");
    let page = rosa(&platform).open("/host").await.expect(200);
    assert_eq!((page.header("cache-control"), page.header("x-robots-tag")), ("no-store", "noindex"));
    says(&page, "Nobody has booked for this day yet.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tapped_while_the_session_ended_is_not_lost() {
    let platform = house(&[2]).await;
    let id = booked(&platform, minutes(30), json!({})).await["id"].clone();
    let page = rosa(&platform).open("/host").await.expect(200);
    let late = Browser::new(platform.base("reservation")).with("Sec-Fetch-Site", "same-origin");
    let told = tap(&late, &page, &id, "seat").await.expect(401);
    says(&told, "Your session has ended");
    assert_eq!(seen(&platform, &id).await["status"], "confirmed");
    let hidden = crate::browser::hidden(&told.text);
    let fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    leads_to(&rosa(&platform).send(&crate::browser::action(&told.text), &fields).await);
    assert_eq!(seen(&platform, &id).await["status"], "seated");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_are_refused() {
    let platform = house(&[2]).await;
    let id = booked(&platform, minutes(30), json!({})).await["id"].clone();
    let rosa = rosa(&platform);
    let page = rosa.open("/host").await.expect(200);
    for site in ["cross-site", "same-site", "none"] {
        tap(&rosa.with("Sec-Fetch-Site", site), &page, &id, "seat").await.expect(403);
    }
    assert_eq!(seen(&platform, &id).await["status"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_taken_away_counts_at_once() {
    let platform = house(&[2]).await;
    let rosa = rosa(&platform);
    rosa.open("/host").await.expect(200);
    let insert = "INSERT INTO guest (user_id, email, version, role) VALUES ($1, 'rosa@restaurant.com', 2, 'user')";
    sqlx::query(insert).bind(ROSA).execute(&platform.pool("reservation")).await.expect("known");
    rosa.open("/host").await.expect(403);
    rosa.open("/host/events").await.expect(403);
}
