use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Reply, token};
use serde_json::{Value, json};

use crate::platform;

/// What all services of this process have logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The log of this process, from the first call on.
    fn of_this_process() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let writer = log.clone();
            // Everything that is ours, and of what is others' what the services let through.
            let filter = "info,sqlx=warn,chassis=trace,auth=trace,menu=trace,reservation=trace";
            let subscriber =
                tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(move || writer.clone());
            subscriber.try_init().expect("the only subscriber");
            log
        })
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("not poisoned").clone()).expect("UTF-8")
    }

    /// The lines about a request.
    fn about(&self, reply: &Reply) -> Vec<Value> {
        let id = reply.header("x-request-id").to_owned();
        let lines = self.text();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|line| line["request_id"] == id.as_str()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_knows_requests_by_id_and_nobody_by_name() {
    let log = Log::of_this_process();
    let platform = platform().await;
    let (email, name, phone) = ("zaphod.beeblebrox@example.net", "Zaphod Beeblebrox", "+44 1632 960961");
    let secrets = ["Pan-Galactic-Gargle", "Magrathea-42-blaster", "a table by the Restaurant at the End", "zarniwoop-key-0017"];

    let anyone = platform.anyone("auth");
    let registered = anyone
        .post("/auth/register", &json!({"email": email, "password": secrets[0], "full_name": name, "phone": phone}))
        .await
        .expect(201);
    anyone.post("/auth/register", &json!({"email": email, "password": secrets[0]})).await.expect(409);
    anyone
        .post("/auth/register", &json!({"email": format!("{email}@"), "password": secrets[1], "phone": format!("{phone}!")}))
        .await
        .expect(422);
    anyone.post("/auth/login", &json!({"email": email, "password": secrets[1]})).await.expect(401);
    let login = anyone.post("/auth/login", &json!({"email": email, "password": secrets[0]})).await.expect(200);
    let bearer = login.body["access_token"].as_str().expect("a token").to_owned();
    let form = format!("username={}&password={}", email.replace('@', "%40"), secrets[0]);
    send(anyone.request(Method::POST, "/auth/login").header("Content-Type", "application/x-www-form-urlencoded").body(form))
        .await
        .expect(200);
    let user = anyone.with_token(&bearer);
    user.patch("/auth/me", &json!({"full_name": format!("{name} II")})).await.expect(200);
    user.post("/auth/password", &json!({"current_password": secrets[0], "new_password": secrets[1]})).await.expect(204);
    user.get(&format!("/auth/me?access_token={bearer}&email={email}")).await.expect(422);
    anyone.get(&format!("/nothing/{email}?password={}", secrets[0])).await.expect(404);
    anyone.with_token(&bearer[..bearer.len() - 2]).get("/auth/me").await.expect(401);
    platform.admin("auth").get(&format!("/auth/users?email={email}")).await.expect(200);

    let admin = platform.admin("reservation");
    admin.post("/reservations/tables", &json!({"table_number": 1, "capacity": 2})).await.expect(201);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wanted = json!({"guests_count": 2, "reservation_time": time, "contact_email": email, "contact_phone": phone, "special_requests": secrets[2]});
    let guest = platform.anyone("reservation").with_token(&bearer);
    let booked = send(guest.request(Method::POST, "/reservations/").header("Idempotency-Key", secrets[3]).json(&wanted)).await.expect(201);
    guest.post("/reservations/", &wanted).await.expect(409);
    platform.anyone("menu").with_token(&bearer).post("/api/v1/menu", &json!({"name": secrets[2]})).await.expect(403);

    // A fault of the service: the client learns nothing of it but the id under which the log has the cause.
    sqlx::query("ALTER TABLE \"user\" RENAME TO lost").execute(&platform.pool("auth")).await.expect("renamed");
    let failed = platform.admin("auth").get(&format!("/auth/users?email={email}")).await.problem(500, "internal_error");
    anyone.post("/auth/login", &json!({"email": email, "password": secrets[1]})).await.problem(500, "internal_error");
    assert!(!failed.text.contains("user\\\"") && !failed.text.contains("relation"), "{}", failed.text);
    let cause = log.about(&failed).into_iter().find(|line| line["level"] == "ERROR").expect("the cause");
    assert!(cause["cause"].as_str().expect("a cause").contains("does not exist"), "{cause}");
    assert_eq!(cause["route"], "/auth/users");

    let about = log.about(&registered);
    assert_eq!(about.len(), 1, "{about:?}");
    for (member, value) in [("method", json!("POST")), ("route", json!("/auth/register")), ("status", json!(201)), ("level", json!("INFO"))]
    {
        assert_eq!(about[0][member], value, "{member}");
    }
    assert!(about[0]["milliseconds"].as_f64().expect("a duration") > 0.0);
    assert_eq!(log.about(&booked)[0]["route"], "/reservations/");
    // The services have told each other of it meanwhile.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    platform.stop().await;

    let text = log.text();
    let signature = bearer.rsplit('.').next().expect("a signature");
    let code = booked.body["reservation_code"].as_str().expect("a code");
    let unwanted = [email, "beeblebrox", "Beeblebrox", "960961", ADMIN_EMAIL, ADMIN_PASSWORD, &bearer, signature, code, "$2b$", "$2a$"];
    for unwanted in unwanted.into_iter().chain(secrets) {
        let line = text.lines().find(|line| line.contains(unwanted));
        assert!(line.is_none(), "{unwanted:?} is in the log: {line:?}");
    }
    let minted = token::token(1, chassis::http::identity::Role::Admin);
    assert!(!text.contains(minted.split('.').next().expect("a header")), "no token is in the log");
}

/// The query of a page has the token of a booking, or when somebody wants to come.
#[tokio::test(flavor = "multi_thread")]
async fn no_query_of_a_page_is_in_a_log_or_a_metric() {
    let log = Log::of_this_process();
    let platform = platform().await;
    platform.admin("reservation").post("/reservations/tables", &json!({"table_number": 1, "capacity": 2})).await.expect(201);
    let anyone = platform.anyone("reservation");
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30);
    let wish = json!({"guests_count": 2, "reservation_time": start, "contact_name": "Tricia McMillan", "contact_email": "trillian@example.net",
        "contact_phone": "+44 1632 960962"});
    let made = anyone.post("/reservations/guest", &wish).await.expect(201);
    let (code, token) = (made.body["reservation_code"].as_str().expect("a code"), made.body["manage_token"].as_str().expect("a token"));
    let form = |path: String| {
        let request = anyone.request(Method::POST, &path).header("Accept", "text/html");
        request.header("Content-Type", "application/x-www-form-urlencoded").body("name=Tricia+McMillan&email=nobody&phone=")
    };
    for path in [format!("/b/{code}?k={token}"), format!("/b/{code}/details?k={token}"), "/book?guests=2&utm_source=magrathea".to_owned()] {
        anyone.get(&path).await.expect(200);
    }
    send(form(format!("/b/{code}/details?k={token}"))).await.expect(422);
    send(form(format!("/b/{code}/nothing?k={token}"))).await.expect(404);
    send(form(format!("/b/{code}/cancel?k={token}"))).await;
    platform.anyone("menu").get("/menu?q=magrathea").await.expect(200);
    let metrics = [anyone.get("/metrics").await.expect(200).text, platform.anyone("menu").get("/metrics").await.expect(200).text];
    for secret in [token, code, "magrathea", "McMillan", "trillian@example.net", "960962"] {
        assert!(!log.text().contains(secret), "{secret} in the log");
        assert!(metrics.iter().all(|text| !text.contains(secret)), "{secret} in a metric");
    }
    assert!(log.text().contains("/b/{code}/details"), "requests for pages are logged by their routes");
}
