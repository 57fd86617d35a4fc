//! What open pages are told, and when the telling ends.

use std::time::Duration;

use chassis::http::identity::Role;
use futures_util::StreamExt as _;
use restaurant_booking_tests::noon::date_of;
use restaurant_booking_tests::{Platform, token};
use serde_json::json;

use crate::{ROSA, booked, house, minutes};

/// A stream of what is new, as text.
struct Stream {
    bytes: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

async fn listen(platform: &Platform, seconds: u64) -> Stream {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let cookie = format!("session={}", token::session(ROSA, Role::Host, seconds));
    let answer =
        client.get(format!("{}/host/events", platform.base("reservation"))).header("Cookie", cookie).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().expect("text")), (200, "text/event-stream"));
    Stream { bytes: answer.bytes_stream().boxed(), text: String::new() }
}

impl Stream {
    /// Waits until it has told this, or to its end.
    async fn until(&mut self, told: Option<&str>) {
        let wait = async {
            while told.is_none_or(|told| !self.text.contains(told)) {
                match self.bytes.next().await {
                    Some(part) => self.text.push_str(&String::from_utf8_lossy(&part.expect("bytes"))),
                    None if told.is_none() => return,
                    None => panic!("the stream ends without {told:?}: {}", self.text),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("{told:?} never came, but {}", self.text));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_to_every_open_page() {
    let platform = house(&[2, 2]).await;
    let (mut one, mut other) = (listen(&platform, 600).await, listen(&platform, 600).await);
    // Both have heard that the topic is followed, or follow it from before.
    let start = minutes(26 * 60);
    let id = booked(&platform, start, json!({})).await["id"].clone();
    let date = date_of(start);
    for stream in [&mut one, &mut other] {
        stream.until(Some(&format!("event: day\ndata: {{\"date\":\"{date}\"}}"))).await;
    }
    // A booking that moves may leave another date.
    let later = json!({"reservation_time": minutes(50 * 60)});
    platform.admin("reservation").patch(&format!("/reservations/{id}"), &later).await.expect(200);
    one.until(Some("event: day\ndata: {\"date\":null}")).await;
    platform.admin("reservation").put("/reservations/pause", &json!({"until": minutes(60)})).await.expect(200);
    other.until(Some("event: house")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_house_is_told_on_a_day_without_bookings() {
    let platform = house(&[2]).await;
    let mut open = listen(&platform, 600).await;
    // Once, since the page may be older than the house.
    open.until(Some("event: house")).await;
    platform.admin("reservation").put("/reservations/pause", &json!({"until": minutes(60)})).await.expect(200);
    open.text.clear();
    open.until(Some("event: house")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_telling_ends_when_the_role_is_taken_away() {
    let platform = house(&[2]).await;
    let mut open = listen(&platform, 600).await;
    let insert = "INSERT INTO guest (user_id, email, version, role) VALUES ($1, 'rosa@restaurant.com', 2, 'user')";
    sqlx::query(insert).bind(ROSA).execute(&platform.pool("reservation")).await.expect("known");
    open.until(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_telling_ends_with_the_session_and_at_a_stop() {
    let platform = house(&[2]).await;
    listen(&platform, 10).await.until(None).await;
    let mut open = listen(&platform, 600).await;
    let stop = tokio::spawn(platform.stop());
    // It ends in good order: one that the stop waited for in vain would be cut off in the middle.
    open.until(None).await;
    stop.await.expect("it stopped");
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let platform = house(&[2]).await;
    let answer = client.get(format!("{}/host/events", platform.base("reservation"))).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 401);
}
