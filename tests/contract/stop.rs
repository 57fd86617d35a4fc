use std::time::{Duration, Instant};

use restaurant_booking_tests::platform::eventually;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::platform;

/// Their consumers have offsets to commit, and nobody takes them any more.
#[test]
fn services_end_although_the_broker_has_gone() {
    let runtime = Runtime::new().expect("a runtime");
    let started = runtime.block_on(async {
        let platform = platform().await;
        platform.admin("menu").post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201);
        let pool = platform.pool("reservation");
        for name in ["Ada", "Eve"] {
            platform.admin("auth").patch("/auth/me", &json!({"full_name": name})).await.expect(200);
            let known = async || {
                sqlx::query_scalar("SELECT full_name FROM guest").fetch_optional(&pool).await.expect("a name").flatten()
                    == Some(name.to_owned())
            };
            eventually("the guest directory", known).await;
        }
        platform.broker.as_ref().expect("a broker").down();
        let started = Instant::now();
        platform.stop().await;
        started
    });
    drop(runtime);
    // Every part of a stop is bounded; together they have 37 s.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
