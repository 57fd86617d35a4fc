//! Two replicas of the menu service, of which one publishes the events of both.

use std::time::{Duration, Instant};

use chassis::run::config::Kafka;
use restaurant_booking_tests::broker::Broker;
use restaurant_booking_tests::platform::{eventually, kafka};
use restaurant_booking_tests::program::Program;
use restaurant_booking_tests::{Api, database, token, topic};
use serde_json::json;
use sqlx::PgPool;

const MENU: &str = env!("CARGO_BIN_EXE_menu");
const TOPIC: &str = "menu.events";

struct Replicas {
    broker: Broker,
    kafka: Kafka,
    pool: PgPool,
    /// The one whose relay leads.
    leader: Program,
    follower: Program,
}

impl Replicas {
    async fn start() -> Self {
        let options = database::empty().await;
        let url = database::server().await.url(options.get_database().expect("a name"));
        let (broker, keys) = (Broker::start(), token::public_keys_file());
        let keys = keys.to_str().expect("a path");
        let settings = [
            "--database-url",
            &url,
            "--kafka-bootstrap-servers",
            &broker.bootstrap_servers,
            "--jwt-public-keys-file",
            keys,
            "--log-format",
            "human",
        ];
        let leader = Program::serve(MENU, &settings, &[]).await;
        let pool = database::pool(options);
        let led = "SELECT until > clock_timestamp() FROM outbox_lease";
        eventually("a relay that leads", async || sqlx::query_scalar(led).fetch_one(&pool).await.expect("a lease")).await;
        let follower = Program::serve(MENU, &settings, &[]).await;
        let kafka = kafka(&broker.bootstrap_servers);
        Self { broker, kafka, pool, leader, follower }
    }
}

fn admin(replica: &Program) -> Api {
    replica.api.with_token(token::token(1, chassis::http::identity::Role::Admin))
}

/// A leader that freezes with an event on its way is replaced within 10 s, and publishes nothing when it goes on: the versions of the dish
/// lie in the topic in their order.
#[tokio::test(flavor = "multi_thread")]
async fn s02_a_leader_that_freezes_is_replaced_and_publishes_nothing_out_of_order() {
    let Replicas { broker, kafka, pool, leader, follower } = Replicas::start().await;
    let dish = admin(&leader).post("/api/v1/menu", &json!({"name": "Soup", "price": 1})).await.expect(201).id();
    let path = format!("/api/v1/menu/{dish}");
    topic::read(&kafka, TOPIC, 1).await;

    // The leader has given the event to its client of the broker, which cannot get rid of it.
    broker.down();
    admin(&leader).patch(&path, &json!({"price": 2})).await.expect(200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    leader.freeze();
    let frozen = Instant::now();
    broker.up();
    for price in 3..=4 {
        admin(&follower).patch(&path, &json!({"price": price})).await.expect(200);
    }
    let waits = async || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM outbox").fetch_one(&pool).await.expect("a count");
    eventually("an empty outbox", async || waits().await == 0).await;
    assert!(frozen.elapsed() < Duration::from_secs(10), "the leader was replaced after {:?}", frozen.elapsed());

    leader.go_on();
    for price in 5..=8 {
        admin(if price % 2 == 0 { &leader } else { &follower }).patch(&path, &json!({"price": price})).await.expect(200);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    eventually("an empty outbox", async || waits().await == 0).await;
    let records = topic::read(&kafka, TOPIC, 8).await;
    let mut versions: Vec<i64> = records.iter().map(|record| record.data["version"].as_i64().expect("a version")).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    versions.dedup();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
    for replica in [&leader, &follower] {
        let status = tokio::task::block_in_place(|| replica.terminate());
        assert_eq!(status.code(), Some(0), "{:#?}", replica.log());
    }
}

/// What is written at a replica that does not lead is published at once, and not when the leader next looks.
#[tokio::test(flavor = "multi_thread")]
async fn s02_a_replica_that_does_not_lead_wakes_the_leader() {
    let Replicas { broker: _broker, pool, leader: _leader, follower, .. } = Replicas::start().await;
    let mut took = Vec::new();
    for number in 0..11 {
        admin(&follower).post("/api/v1/menu", &json!({"name": format!("Soup {number}"), "price": 1})).await.expect(201);
        let written = Instant::now();
        eventually("a published event", async || {
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM outbox").fetch_one(&pool).await.expect("a count") == 0
        })
        .await;
        took.push(written.elapsed());
        tokio::time::sleep(Duration::from_millis(130)).await;
    }
    took.sort();
    // The leader looks every 2 s by itself.
    assert!(took[5] < Duration::from_millis(500), "{took:?}");
}

/// A leader that is told to stop lets the other one lead at once.
#[tokio::test(flavor = "multi_thread")]
async fn s02_a_leader_that_stops_gives_the_lease_back() {
    let Replicas { broker: _broker, kafka, pool, leader, follower } = Replicas::start().await;
    let holder = async || sqlx::query_scalar::<_, i64>("SELECT holder FROM outbox_lease").fetch_one(&pool).await.expect("a lease");
    let before = holder().await;
    let status = tokio::task::block_in_place(|| leader.terminate());
    assert_eq!(status.code(), Some(0), "{:#?}", leader.log());
    let stopped = Instant::now();
    eventually("another leader", async || holder().await != before).await;
    assert!(stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
    admin(&follower).post("/api/v1/menu", &json!({"name": "Soup", "price": 1})).await.expect(201);
    topic::read(&kafka, TOPIC, 1).await;
}
