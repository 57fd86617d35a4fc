//! Logins and TLS: a broker that lets the services in, and what they say of one that does not.

use std::io::Write;
use std::sync::{Arc, Mutex};

use chassis::run::config::Kafka;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;

/// What this process logs.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Begins to keep it, down to every detail of ours, and for any one process once.
    pub(crate) fn keep() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter("info,chassis=trace");
        subscriber.with_writer(move || writer.clone()).try_init().expect("the only subscriber");
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("the log")).into_owned()
    }

    fn errors(&self, saying: &str) -> usize {
        self.text().lines().filter(|line| line.contains("\"level\":\"ERROR\"") && line.contains(saying)).count()
    }
}

/// A broker that refuses the service is told as an error, again and again but not all the time; apart from that it is a broker that is
/// away: the service is ready, and events wait. The settings' `secret` is told nowhere.
pub(crate) async fn a_broker_that_does_not_let_the_service_in(kafka: Kafka, log: &Log, errors: [&str; 2], secret: &str) {
    let platform = Platform::start(Setup { kafka: Some(kafka), ..Setup::only("menu") }).await;
    platform.admin("menu").post("/api/v1/menu", &json!({"name": "Soup", "price": "7.50"})).await.expect(201);
    for error in errors {
        eventually(error, async || log.errors(error) > 0).await;
    }
    eventually("an attempt that failed", async || {
        let metrics = platform.anyone("menu").get("/metrics").await.text;
        metrics.contains("outbox_published_total{outcome=\"unavailable\",topic=\"menu.events\"} 1\n")
            && metrics.contains("outbox_pending 1\n")
    })
    .await;
    platform.anyone("menu").get("/readyz").await.expect(200);
    platform.stop().await;
    // Of two clients, the producer and the one that follows the menu, in less than a minute.
    let told = log.errors(errors[0]);
    assert!(told <= 6, "{} was told {told} times", errors[0]);
    assert!(!log.text().contains(secret), "the log has {secret}");
}
