//! The auth service, from outside.

mod administrators;
mod email;
mod keys;
mod login;
mod me;
mod overload;
mod password;
mod register;
mod search;
mod seed;
mod staff;
mod throttle;
mod users;

use chassis::Shutdown;
use chassis::http::text::fold;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, ready};
use restaurant_booking_tests::{Api, Platform, Reply, Setup};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

async fn platform() -> Platform {
    Platform::start(Setup::only("auth")).await
}

/// Accounts with the administrator's password, which costs no hashing; their ids in the same order.
async fn accounts(platform: &Platform, emails: &[&str]) -> Vec<i32> {
    let copy = "INSERT INTO \"user\" (email, email_folded, password_hash)
        SELECT email, email_folded, (SELECT password_hash FROM \"user\" WHERE email = $3)
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given (email, email_folded, place) ORDER BY place RETURNING id";
    let folded: Vec<String> = emails.iter().map(|email| fold(email)).collect();
    let query = sqlx::query_scalar(copy).bind(emails).bind(folded).bind(ADMIN_EMAIL);
    query.fetch_all(&platform.pool("auth")).await.expect("accounts")
}

/// Tells the service of bookings of a user: their state, and in how many hours they begin.
async fn book(platform: &Platform, user_id: i32, bookings: &[(&str, i32)]) {
    for (status, hours) in bookings {
        let insert = "INSERT INTO user_reservation (reservation_id, user_id, status, reservation_time, version)
            VALUES ((SELECT count(*) + 1 FROM user_reservation), $1, $2, date_trunc('second', now()) + make_interval(hours => $3), 1)";
        sqlx::query(insert).bind(user_id).bind(status).bind(hours).execute(&platform.pool("auth")).await.expect("a booking");
    }
}

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

async fn login(api: &Api, email: &str, password: &str) -> Reply {
    api.post("/auth/login", &credentials(email, password)).await
}

/// The token of the first administrator.
async fn administrator(api: &Api) -> String {
    let reply = login(api, ADMIN_EMAIL, ADMIN_PASSWORD).await.expect(200);
    reply.body["access_token"].as_str().expect("a token").to_owned()
}

/// A part of a token: 0 is the header, 1 the claims.
fn part(token: &str, index: usize) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(index).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// A replica that is configured by hand.
struct Served {
    api: Api,
    shutdown: Shutdown,
    running: JoinHandle<()>,
}

async fn serve(config: auth::Config) -> Served {
    let listener = TcpListener::bind(config.service.listen.expect("an address")).await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let running = tokio::spawn(async move { auth::serve(config, listener, stop).await.expect("a service that ends in order") });
    ready(&base).await;
    Served { api: Api::new(&base), shutdown, running }
}

impl Served {
    async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.expect("a service that ends in order");
    }
}
