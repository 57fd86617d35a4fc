//! Guests without an account: they book with a name and an e-mail address, and come back by the link of their booking.

use std::collections::BTreeSet;

use chassis::http::identity::Role;
use reqwest::Method;
use reservation::config::{Config, Restaurant};
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Platform, Reply, Setup, platform, token};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::{furnish, house, in_hours, move_in_time, wanted, with};

const GUEST: &str = "/reservations/guest";

fn wish(hours: i64) -> Value {
    let start = in_hours(hours);
    json!({"guests_count": 2, "reservation_time": start, "contact_name": "Ada Lovelace", "contact_email": "ada@example.com",
        "contact_phone": "+44 20 7946 0958"})
}

async fn booked(platform: &Platform, hours: i64) -> Reply {
    platform.anyone("reservation").post(GUEST, &wish(hours)).await.expect(201)
}

/// A client with the link of a booking.
fn by_link(platform: &Platform, made: &Reply) -> Api {
    platform.anyone("reservation").with_token(made.body["manage_token"].as_str().expect("a token"))
}

fn path(made: &Reply) -> String {
    format!("/reservations/{}", made.id())
}

/// Books from an address, as the proxy in front tells it.
async fn from(api: &Api, address: &str, body: &Value) -> Reply {
    send(api.request(Method::POST, GUEST).header("X-Forwarded-For", address).json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_books_without_an_account_and_comes_back_by_the_link() {
    let (platform, _) = house(&[4, 4]).await;
    let made = booked(&platform, 24).await;
    for (member, value) in [
        ("source", json!("guest")),
        ("user_id", json!(null)),
        ("status", json!("pending")),
        ("contact_name", json!("Ada Lovelace")),
        ("contact_email", json!("ada@example.com")),
        ("contact_phone", json!("+44 20 7946 0958")),
    ] {
        assert_eq!(made.body[member], value, "{member}");
    }
    assert_eq!((made.header("location"), made.header("etag"), made.header("cache-control")), (path(&made).as_str(), "\"1\"", "no-store"));
    let (token, code) = (made.body["manage_token"].as_str().expect("a token"), made.body["reservation_code"].as_str().expect("a code"));
    assert!(token.starts_with(&format!("rbk_{}_", made.id())), "{token}");
    assert_eq!(made.body["manage_url"], format!("http://localhost:8002/b/{code}?k={token}"));

    let guest = by_link(&platform, &made);
    let seen = guest.get(&path(&made)).await.expect(200).body;
    assert_eq!((&seen["id"], seen.get("manage_token"), seen.get("changed_by")), (&made.body["id"], None, None));
    let later = guest.patch(&path(&made), &json!({"guests_count": 3, "special_requests": "A quiet table"})).await.expect(200).body;
    assert_eq!((&later["guests_count"], later.get("manage_token")), (&json!(3), None));
    let host = platform.anyone("reservation").with_token(token::token(8, Role::Host));
    let told = host.get(&path(&made)).await.expect(200).body["changed_by"].clone();
    assert_eq!((&told["by"], &told["user_id"], &told["name"]), (&json!("guest"), &json!(null), &json!(null)));
    assert_eq!(host.get("/reservations/?q=lovelace").await.expect(200).body[0]["id"], made.body["id"]);
    guest.act(&format!("{}/cancel", path(&made))).await.expect(200);
    assert_eq!(guest.get(&path(&made)).await.expect(200).body["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_gives_a_name_and_an_address_and_cannot_take_them_back() {
    let (platform, _) = house(&[4]).await;
    let anyone = platform.anyone("reservation");
    let nothing = json!({"guests_count": 2, "reservation_time": in_hours(24)});
    anyone.post(GUEST, &nothing).await.invalid(&["#/contact_email", "#/contact_name"]);
    let wrong = json!({"contact_email": "nobody", "contact_name": " ", "language": "xx"});
    anyone.post(GUEST, &with(wish(24), wrong)).await.invalid(&["#/contact_email", "#/contact_name", "#/language"]);
    // For the staff alone.
    for member in [json!({"source": "phone"}), json!({"staff_note": "Regulars"}), json!({"override": true}), json!({"table_ids": [1]})] {
        let name = member.as_object().and_then(|member| member.keys().next()).expect("a member");
        let refused = anyone.post(GUEST, &with(wish(24), member.clone())).await.invalid(&[&format!("#/{name}")]);
        assert_eq!(refused.body["errors"][0]["code"], "unknown");
    }
    let uncallable = with(wish(24), json!({"contact_phone": null, "language": "de"}));
    anyone.post(GUEST, &uncallable).await.invalid(&["#/contact_phone"]);
    platform.admin("reservation").put("/reservations/rules", &json!({"phone_required": false})).await.expect(200);
    let made = anyone.post(GUEST, &uncallable).await.expect(201);
    let guest = by_link(&platform, &made);
    guest.patch(&path(&made), &json!({"contact_name": null})).await.invalid(&["#/contact_name"]);
    guest.patch(&path(&made), &json!({"contact_email": null})).await.invalid(&["#/contact_email"]);
    guest.patch(&path(&made), &json!({"staff_note": "Regulars"})).await.invalid(&["#/staff_note"]);
    let language = "SELECT language FROM reservation WHERE id = $1";
    let language: Option<String> =
        sqlx::query_scalar(language).bind(made.id()).fetch_one(&platform.pool("reservation")).await.expect("a booking");
    assert_eq!(language.as_deref(), Some("de"));
}

/// Another booking is as if it were not there, and all else is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_its_booking_and_nothing_else() {
    let (platform, ids) = house(&[4, 4]).await;
    let (made, other) = (booked(&platform, 24).await, booked(&platform, 24).await);
    let guest = by_link(&platform, &made);
    assert_eq!(guest.get("/reservations/my").await.expect(200).body.as_array().map(Vec::len), Some(1));
    assert_eq!(guest.get("/reservations/my?when=upcoming").await.expect(200).body[0]["id"], made.body["id"]);
    assert_eq!(guest.get("/reservations/my?when=past").await.expect(200).body, json!([]));
    guest.get(&path(&other)).await.problem(404, "not_found");
    guest.patch(&path(&other), &json!({"guests_count": 3})).await.problem(404, "not_found");
    guest.act(&format!("{}/cancel", path(&other))).await.problem(404, "not_found");
    for action in ["confirm", "seat", "complete", "no-show", "reopen"] {
        guest.act(&format!("{}/{action}", path(&made))).await.problem(403, "forbidden");
    }
    guest.get("/reservations/").await.problem(403, "forbidden");
    guest.post("/reservations/", &wanted(in_hours(48), 2)).await.problem(403, "forbidden");
    guest.post("/reservations/walk-ins", &json!({"guests_count": 1})).await.problem(403, "forbidden");
    guest.post("/reservations/tables", &json!({"table_number": 9, "capacity": 4})).await.problem(403, "forbidden");
    guest.get("/reservations/blocks").await.problem(403, "forbidden");
    // What is open to all stays so.
    guest.get("/reservations/tables").await.expect(200);
    guest.get("/reservations/tables?include_inactive=true").await.problem(403, "forbidden");
    guest.get(&format!("/reservations/tables/available?reservation_time={}&guests_count=2", in_hours(48))).await.expect(200);
    guest.get(&format!("/reservations/tables/{}", ids[0])).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_forged_or_over_is_none() {
    let (platform, _) = house(&[4, 4]).await;
    let (made, other) = (booked(&platform, 24).await, booked(&platform, 24).await);
    let token = |made: &Reply| made.body["manage_token"].as_str().expect("a token").to_owned();
    let mac = token(&other).rsplit_once('_').expect("a signature").1.to_owned();
    let forged = [
        format!("rbk_{}_{mac}", made.id()),
        format!("rbk_999999_{mac}"),
        format!("{}a", token(&made)),
        token(&made).to_uppercase(),
        "rbk_".to_owned(),
        format!("rbk_{}_", made.id()),
    ];
    let anyone = platform.anyone("reservation");
    for (forged, hours) in forged.into_iter().zip((200..).step_by(10)) {
        anyone.with_token(&forged).get(&path(&made)).await.problem(401, "unauthenticated");
        anyone.with_token(&forged).get("/reservations/").await.problem(401, "unauthenticated");
        // What is open to all is so whatever is sent with it.
        anyone.with_token(&forged).get("/reservations/tables").await.expect(200);
        anyone.with_token(&forged).post(GUEST, &wish(hours)).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_until_30_days_after_the_visit() {
    let (platform, _) = house(&[4]).await;
    let made = booked(&platform, 24).await;
    let guest = by_link(&platform, &made);
    // It ends 2 hours after its start.
    move_in_time(&platform, made.id(), -24 - 2 - 30 * 24 + 1).await;
    assert_eq!(guest.get(&path(&made)).await.expect(200).body["id"], made.body["id"]);
    assert_eq!(guest.get("/reservations/my?when=past").await.expect(200).body.as_array().map(Vec::len), Some(1));
    move_in_time(&platform, made.id(), -1).await;
    guest.get(&path(&made)).await.problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_email_address_ends_the_links_before() {
    let (platform, _) = house(&[4]).await;
    let made = booked(&platform, 24).await;
    let (first, host) = (by_link(&platform, &made), platform.anyone("reservation").with_token(token::token(8, Role::Host)));
    let changed = first.patch(&path(&made), &json!({"contact_email": "countess@example.com"})).await.expect(200);
    first.get(&path(&made)).await.problem(401, "unauthenticated");
    let second = by_link(&platform, &changed);
    assert_eq!(second.get(&path(&made)).await.expect(200).body["contact_email"], "countess@example.com");
    assert!(changed.body["manage_url"].as_str().is_some_and(|url| url.contains(changed.body["manage_token"].as_str().expect("a token"))));
    // The staff learn no link, and what they change ends it, too.
    let by_host = host.patch(&path(&made), &json!({"contact_email": "ada@example.com"})).await.expect(200).body;
    assert_eq!((by_host.get("manage_token"), by_host.get("manage_url")), (None, None));
    second.get(&path(&made)).await.problem(401, "unauthenticated");
}

/// A token of an account makes no difference, be it good or not.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_books_as_a_guest_is_one() {
    let (platform, _) = house(&[4; 3]).await;
    let of_user = platform.user("reservation", 5);
    for api in [of_user.clone(), platform.admin("reservation"), of_user.with_token("nonsense")] {
        let made = api.post(GUEST, &wish(24)).await.expect(201).body;
        assert_eq!((&made["source"], &made["user_id"], &made["status"]), (&json!("guest"), &json!(null), &json!("pending")));
    }
    assert_eq!(of_user.get("/reservations/my").await.expect(200).body, json!([]));
}

/// The first answer is given again to the same address, with its link, which is not among what is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_of_the_email_address_and_its_answer_is_kept_without_the_link() {
    let (platform, _) = house(&[4; 3]).await;
    let anyone = platform.anyone("reservation");
    let keyed = async |body: &Value| send(anyone.request(Method::POST, GUEST).header("Idempotency-Key", "k").json(body)).await;
    let first = keyed(&wish(24)).await.expect(201);
    let again = keyed(&wish(24)).await.expect(201);
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&first.text, "true"));
    by_link(&platform, &again).get(&path(&first)).await.expect(200);
    keyed(&with(wish(24), json!({"guests_count": 1}))).await.problem(422, "idempotency_key_reused");
    let other = keyed(&with(wish(24), json!({"contact_email": "grace@example.com"}))).await.expect(201);
    assert_ne!(other.id(), first.id());
    // A user's key is another one.
    let of_user = platform.user("reservation", 5).request(Method::POST, "/reservations/").header("Idempotency-Key", "k");
    send(of_user.json(&wanted(in_hours(24), 2))).await.expect(201);
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM idempotency_key").fetch_all(&platform.pool("reservation")).await.expect("answers");
    let kept: Vec<_> = kept.into_iter().map(|body| String::from_utf8(body).expect("text")).collect();
    assert!(kept.len() == 3 && kept.iter().all(|body| !body.contains("rbk_") && !body.contains("manage")), "{kept:?}");
}

async fn limited(per_hour: u32) -> Platform {
    let restaurant = Restaurant { guests_per_hour: per_hour, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    furnish(&platform, &[4; 12]).await;
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_from_one_network_are_limited_and_others_are_not() {
    let platform = limited(2).await;
    let anyone = platform.anyone("reservation");
    let made = from(&anyone, "198.51.100.7", &wish(24)).await.expect(201);
    by_link(&platform, &made).act(&format!("{}/cancel", path(&made))).await.expect(200);
    // The entry counts that the proxy wrote, not what the client says of itself.
    from(&anyone, "203.0.113.9, 198.51.100.7", &wish(24)).await.expect(201);
    let refused = from(&anyone, "198.51.100.7", &wish(24)).await.problem(429, "too_many_requests");
    let seconds: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((3500..=3600).contains(&seconds), "{seconds}");
    assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains("2 bookings")), "{}", refused.text);
    from(&anyone, "198.51.100.8", &wish(24)).await.expect(201);
    // Of IPv6, whoever has an address has 64 bits of them.
    for address in ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2"] {
        from(&anyone, address, &wish(24)).await.expect(201);
    }
    from(&anyone, "2001:db8:0:1:1:2:3:4", &wish(24)).await.problem(429, "too_many_requests");
    from(&anyone, "2001:db8:0:2::1", &wish(24)).await.expect(201);
    // Accounts have limits of their own.
    platform.user("reservation", 5).post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201);
    let pool = platform.pool("reservation");
    sqlx::query("UPDATE network_use SET made_at = made_at - interval '1 hour'").execute(&pool).await.expect("aged");
    from(&anyone, "198.51.100.7", &wish(24)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_a_network_holds_for_bookings_at_once_and_counts_no_replay() {
    let platform = limited(3).await;
    let anyone = platform.anyone("reservation");
    let mut requests = JoinSet::new();
    for number in 0..12 {
        let (api, body) = (anyone.clone(), with(wish(24), json!({"contact_email": format!("guest{number}@example.com")})));
        requests.spawn(async move { (number, from(&api, "198.51.100.7", &body).await.status.as_u16()) });
    }
    let answers: Vec<u16> = requests.join_all().await.into_iter().map(|(_, status)| status).collect();
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 3, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 201 | 429)), "{answers:?}");

    let keyed = async || {
        let request = anyone.request(Method::POST, GUEST).header("X-Forwarded-For", "198.51.100.8").header("Idempotency-Key", "k");
        send(request.json(&wish(24))).await.expect(201).id()
    };
    let ids: BTreeSet<_> = [keyed().await, keyed().await, keyed().await, keyed().await].into();
    assert_eq!(ids.len(), 1);
    from(&anyone, "198.51.100.8", &wish(24)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_may_want_accounts() {
    let (platform, _) = house(&[4]).await;
    let (anyone, admin) = (platform.anyone("reservation"), platform.admin("reservation"));
    let made = booked(&platform, 24).await;
    admin.put("/reservations/rules", &json!({"guests_without_account": false})).await.expect(200);
    anyone.post(GUEST, &wish(48)).await.problem(403, "account_required");
    // Links that are out stay good, and those with an account book as before.
    by_link(&platform, &made).patch(&path(&made), &json!({"guests_count": 3})).await.expect(200);
    platform.user("reservation", 5).post("/reservations/", &wanted(in_hours(72), 2)).await.expect(201);
    admin.put("/reservations/rules", &json!({})).await.expect(200);
    anyone.post(GUEST, &wish(48)).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_for_links_guests_need_an_account() {
    let (platform, _) = house(&[4]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let service = platform::settings(platform.database("reservation"), platform.kafka.clone());
    let config = Config { link_keys: None, ..platform::reservation_config(service, Restaurant::default()) };
    let shutdown = chassis::Shutdown::new();
    let running = tokio::spawn(reservation::serve(config, listener, shutdown.clone()));
    platform::ready(&base).await;
    let made = booked(&platform, 24).await;
    let other = Api::new(&base);
    other.post(GUEST, &wish(48)).await.problem(403, "account_required");
    other.with_token(made.body["manage_token"].as_str().expect("a token")).get(&path(&made)).await.problem(401, "unauthenticated");
    shutdown.cancel();
    running.await.expect("it stops").expect("in order");
}

/// The version of the links is judged by the booking that is changed, not by what was known when the head of the request came in.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_ends_while_a_request_comes_in_is_good_for_nothing() {
    let (platform, _) = house(&[4]).await;
    let made = booked(&platform, 24).await;
    let address = platform.base("reservation").trim_start_matches("http://").to_owned();
    let (body, token) = (r#"{"contact_email": "thief@example.com"}"#, made.body["manage_token"].as_str().expect("a token"));
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        path(&made),
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    // The service asks for the body once it knows who sends it.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.expect("an answer");
    assert_eq!(&asked[..12], b"HTTP/1.1 100");
    let host = platform.anyone("reservation").with_token(token::token(8, Role::Host));
    host.patch(&path(&made), &json!({"contact_email": "countess@example.com"})).await.expect(200);
    stream.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401") && !answer.contains("rbk_"), "{answer}");
    assert_eq!(host.get(&path(&made)).await.expect(200).body["contact_email"], "countess@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_booking_that_was_lost_opens_no_other() {
    let (platform, _) = house(&[4]).await;
    let lost = booked(&platform, 24).await;
    let pool = platform.pool("reservation");
    sqlx::query("DELETE FROM reservation").execute(&pool).await.expect("removed");
    sqlx::query("SELECT setval('reservation_id_seq', $1, false)").bind(lost.id()).execute(&pool).await.expect("set back");
    let other = booked(&platform, 24).await;
    assert_eq!(other.id(), lost.id());
    by_link(&platform, &lost).get(&path(&other)).await.problem(401, "unauthenticated");
    by_link(&platform, &other).get(&path(&other)).await.expect(200);
}

/// Whoever asks without an account may ask for as much as they like: nothing of it stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_to_somebody_without_an_account_is_not_kept() {
    let (platform, ids) = house(&[4]).await;
    let anyone = platform.anyone("reservation");
    let keyed = async |body: &Value| send(anyone.request(Method::POST, GUEST).header("Idempotency-Key", "k").json(body)).await;
    let taken = with(wish(24), json!({"table_id": ids[0]}));
    let first = booked(&platform, 24).await;
    keyed(&taken).await.problem(409, "table_taken");
    keyed(&with(wish(24), json!({"table_id": 99_999}))).await.invalid(&["#/table_id"]);
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM idempotency_key").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!(kept, 0);
    by_link(&platform, &first).act(&format!("{}/cancel", path(&first))).await.expect(200);
    keyed(&taken).await.expect(201);
}

/// The answer is given again, but no link to a booking that is another address's by now.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_given_again_without_a_link_that_went_to_another_address() {
    let (platform, _) = house(&[4]).await;
    let anyone = platform.anyone("reservation");
    let keyed = async || send(anyone.request(Method::POST, GUEST).header("Idempotency-Key", "k").json(&wish(24))).await.expect(201);
    let first = keyed().await;
    by_link(&platform, &first).patch(&path(&first), &json!({"contact_email": "countess@example.com"})).await.expect(200);
    let again = keyed().await;
    assert_eq!((again.id(), again.body.get("manage_token"), again.body.get("manage_url")), (first.id(), None, None));
}
