//! Events from one service to another, through librdkafka's in-process broker.

mod scenarios;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chassis::events::event::TopicEvent as _;
use chassis::events::outbox::LOOK;
use contract::MenuEvent;
use restaurant_booking_tests::broker::Broker;
use restaurant_booking_tests::platform::{eventually, kafka};
use restaurant_booking_tests::{Platform, Setup, topic};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

macro_rules! on_the_broker_of_the_test {
    ($($scenario:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $scenario() {
            let broker = Broker::start();
            scenarios::$scenario(kafka(&broker.bootstrap_servers)).await;
        }
    )*};
}

scenarios::each!(on_the_broker_of_the_test);

/// What happens while the broker is away is told when it is back, in order; nobody is refused meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_for_a_while() {
    let platform = Platform::start(Setup { services: vec!["menu", "reservation"], ..Setup::default() }).await;
    let broker = platform.broker.as_ref().expect("a broker");
    scenarios::while_the_broker_is_away(&platform, || broker.down(), || broker.up()).await;
    platform.stop().await;
}

/// A partition without a leader holds up nothing but what belongs into it, for as long as it has none; then that is told too, in order.
#[tokio::test(flavor = "multi_thread")]
async fn s12_a_partition_without_a_leader_holds_up_nothing_else() {
    let broker = Broker::start_beside_another();
    let kafka = &kafka(&broker.bootstrap_servers);
    let platform = Platform::start(Setup { kafka: Some(kafka.clone()), ..Setup::only("menu") }).await;
    let menu = platform.admin("menu");
    let pool = platform.pool("menu");
    let waiting =
        async || sqlx::query_scalar::<_, String>("SELECT key FROM outbox ORDER BY id").fetch_all(&pool).await.expect("the outbox");
    let add =
        async |number: usize| menu.post("/api/v1/menu", &json!({"name": format!("Soup {number}"), "price": 1})).await.expect(201).id();
    // How long it takes until a dish is told of, as long as all is well.
    let mut usual = Duration::ZERO;
    for number in 0..12 {
        let (key, written) = (add(number).await.to_string(), Instant::now());
        eventually("the dish is told of", async || !waiting().await.contains(&key)).await;
        usual = usual.max(written.elapsed());
    }
    let partition: HashMap<String, i32> =
        topic::read(kafka, MenuEvent::TOPIC, 12).await.into_iter().map(|record| (record.key, record.partition)).collect();
    broker.without_leader(MenuEvent::TOPIC, 0);
    for round in 0..3 {
        for key in partition.keys() {
            menu.patch(&format!("/api/v1/menu/{key}"), &json!({"price": round + 2})).await.expect(200);
        }
    }
    let stuck = 3 * partition.values().filter(|partition| **partition == 0).count();
    assert!(stuck > 0 && stuck < 36, "{partition:?}");
    eventually("only what belongs into that partition", async || waiting().await.len() == stuck).await;
    assert!(waiting().await.iter().all(|key| partition[key] == 0));
    let (mut new, mut elsewhere) = (0, 0);
    while new < 12 {
        new += 1;
        let key = add(100 + new).await.to_string();
        tokio::time::sleep(Duration::from_millis(300) + usual).await;
        elsewhere += usize::from(!waiting().await.contains(&key));
    }
    assert!(elsewhere >= 3, "of 12 new dishes {elsewhere} were told at once");
    broker.with_leader(MenuEvent::TOPIC, 0);
    eventually("an empty outbox", async || waiting().await.is_empty()).await;
    let mut versions: HashMap<String, Vec<i64>> = HashMap::new();
    for record in topic::read(kafka, MenuEvent::TOPIC, 12 * 4 + 12).await {
        versions.entry(record.key).or_default().push(record.data["version"].as_i64().expect("a version"));
    }
    for (key, mut versions) in versions {
        // An attempt that was given up may have arrived.
        versions.dedup();
        assert_eq!(versions, (1..=if partition.contains_key(&key) { 4 } else { 1 }).collect::<Vec<_>>(), "dish {key}");
    }
    platform.stop().await;
}

/// While an old snapshot keeps PostgreSQL from removing what was published, the relay looks where something can be, and not there.
#[tokio::test(flavor = "multi_thread")]
async fn s12_an_old_snapshot_does_not_slow_the_outbox_down() {
    const PUBLISHED: i64 = 100_000;
    let platform = Platform::start(Setup::only("menu")).await;
    let pool = platform.pool("menu");
    let mut old = pool.acquire().await.expect("a connection");
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ").execute(&mut *old).await.expect("a transaction");
    sqlx::query("SELECT FROM outbox").execute(&mut *old).await.expect("a snapshot");
    // As if they had been published: what is deleted is what is left behind.
    let mut published = pool.begin().await.expect("a transaction");
    for statement in [
        "INSERT INTO outbox (topic, key, type, data) SELECT 'menu.events', n::text, 'menu.item.updated', '{}' FROM generate_series(1, $1) AS n",
        "DELETE FROM outbox WHERE id <= $1",
    ] {
        sqlx::query(statement).bind(PUBLISHED).execute(&mut *published).await.expect("a statement");
    }
    published.commit().await.expect("committed");
    let floor = async || sqlx::query_scalar::<_, i64>("SELECT oldest FROM outbox_lease").fetch_one(&pool).await.expect("a lease");
    eventually("a look from behind them", async || floor().await > PUBLISHED).await;
    // As the relay's connection is.
    let mut relay = platform.database("menu").options([("enable_seqscan", "off")]).connect().await.expect("a connection");
    let mut pages = async |statement: &str, from: i64| {
        let explained = AssertSqlSafe(format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"));
        let explained: Value =
            sqlx::query_scalar(explained).bind(from).bind(Vec::<i64>::new()).bind(500_i64).fetch_one(&mut relay).await.expect("a plan");
        let plan = &explained[0]["Plan"];
        plan["Shared Hit Blocks"].as_i64().expect("pages") + plan["Shared Read Blocks"].as_i64().expect("pages")
    };
    let look = LOOK.split_once('\n').expect("a comment").1;
    let (all, relays) = (pages(look, 0).await, pages(look, floor().await).await);
    assert!(all > 1000 && relays < 20, "from the beginning {all} pages are read, by the relay {relays}");
    // The second time, for the first reads what the database knows of the function.
    let count = "SELECT * FROM outbox_waiting() WHERE $1 > 0 AND $2::bigint[] IS NOT NULL AND $3 > 0";
    let (_, counted) = (pages(count, 1).await, pages(count, 1).await);
    assert!(counted < 50, "to count what waits, {counted} pages are read");
    let metrics = platform.anyone("menu").get("/metrics").await.text;
    assert!(metrics.contains("outbox_pending 0\n"), "{metrics}");

    // An id from below that commits late is found all the same.
    let mut late = pool.begin().await.expect("a transaction");
    sqlx::query("INSERT INTO outbox (topic, key, type, data) VALUES ('menu.events', '999', 'menu.item.late', '{}')")
        .execute(&mut *late)
        .await
        .expect("a row");
    let early = platform.admin("menu").post("/api/v1/menu", &json!({"name": "Soup", "price": 1})).await.expect(201).id();
    topic::read(&platform.kafka, MenuEvent::TOPIC, 1).await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    late.commit().await.expect("committed");
    let keys: Vec<String> = topic::read(&platform.kafka, MenuEvent::TOPIC, 2).await.into_iter().map(|record| record.key).collect();
    assert!(keys.contains(&early.to_string()) && keys.contains(&"999".to_owned()), "{keys:?}");
    sqlx::query("COMMIT").execute(&mut *old).await.expect("committed");
    drop(old);
    platform.stop().await;
}
