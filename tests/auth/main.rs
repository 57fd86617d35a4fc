//! The auth service, from outside.

mod keys;
mod login;
mod me;
mod overload;
mod password;
mod register;
mod seed;
mod throttle;
mod users;

use chassis::Shutdown;
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
    let copy = "INSERT INTO \"user\" (email, password_hash) SELECT email, (SELECT password_hash FROM \"user\" WHERE email = $2)
        FROM unnest($1::text[]) WITH ORDINALITY AS given (email, place) ORDER BY place RETURNING id";
    sqlx::query_scalar(copy).bind(emails).bind(ADMIN_EMAIL).fetch_all(&platform.pool("auth")).await.expect("accounts")
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
    let listener = TcpListener::bind(config.service.listen).await.expect("a port");
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
