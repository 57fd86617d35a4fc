//! Keeps the menu in memory up to date: each replica hears every event of the menu, its own ones too.

use std::sync::Arc;
use std::time::Duration;

use chassis::Shutdown;
use chassis::events::event::{TopicEvent as _, label};
use chassis::events::kafka::{Tail, Tailed};
use chassis::run::metrics::Metrics;
use contract::MenuEvent;
use tokio::time::{Instant, sleep_until};

use crate::events::News;
use crate::memory::cache::Cache;

/// How often the menu is read from the database without a reason: the net under a broker that is away or loses events.
const EVERY: Duration = Duration::from_secs(30);
/// How long to wait before the menu is read again where it could not be.
const RETRY: Duration = Duration::from_secs(1);
/// How many events are applied at once, at most: the snapshot is made anew only once for all of them.
const BURST: usize = 500;

/// What keeps the menu up to date.
pub(crate) struct Follower {
    pub(crate) cache: Arc<Cache>,
    pub(crate) tail: Tail,
    pub(crate) metrics: Metrics,
}

/// What came in at once.
#[derive(Default)]
struct Burst {
    news: Vec<News>,
    /// The events do not say everything: the database must be asked.
    reload: bool,
}

impl Follower {
    /// Follows until `stop`.
    pub(crate) async fn run(mut self, stop: Shutdown) {
        let (mut due, mut failing) = (Instant::now() + EVERY, false);
        loop {
            let tailed = tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(due) => None,
                () = self.cache.doubted() => None,
                tailed = self.tail.next() => Some(tailed),
            };
            let mut burst = Burst { reload: tailed.is_none(), ..Burst::default() };
            if let Some(tailed) = tailed {
                self.collect(&mut burst, tailed).await;
            }
            // Every event is of a change that is committed, so what is read now has it.
            match self.cache.update(burst.news, burst.reload).await {
                Ok(()) if burst.reload => {
                    due = Instant::now() + EVERY;
                    if std::mem::replace(&mut failing, false) {
                        tracing::info!("the menu is up to date again");
                    }
                }
                Ok(()) => {}
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "the menu cannot be read again; it is served as it was");
                    }
                    due = Instant::now() + RETRY;
                }
            }
        }
    }

    /// Takes what is there already, without waiting for more.
    async fn collect(&mut self, burst: &mut Burst, first: Tailed) {
        self.take(burst, first);
        for _ in 1..BURST {
            let more = tokio::select! {
                biased;
                tailed = self.tail.next() => tailed,
                () = std::future::ready(()) => return,
            };
            self.take(burst, more);
        }
    }

    fn take(&self, burst: &mut Burst, tailed: Tailed) {
        let unreadable = |error: &str| {
            tracing::error!(error, "an event of the menu cannot be read; the menu is read from the database instead");
        };
        match tailed {
            Tailed::Attached => burst.reload = true,
            Tailed::Unreadable(error) => {
                self.metrics.consumed("unknown", "failed");
                unreadable(&error);
                burst.reload = true;
            }
            Tailed::Foreign => self.metrics.consumed("unknown", "ignored"),
            Tailed::Event(received) => {
                let kind = label(Some(&received.kind), MenuEvent::TYPES);
                match received.read::<MenuEvent>() {
                    Ok(Some(event)) => {
                        self.metrics.consumed(kind, "handled");
                        burst.news.push(event.into());
                    }
                    Ok(None) => self.metrics.consumed(kind, "ignored"),
                    Err(error) => {
                        self.metrics.consumed(kind, "failed");
                        unreadable(&error.to_string());
                        burst.reload = true;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chassis::events::kafka::client;
    use chassis::run::config::{Kafka, Security};
    use rdkafka::message::{Header, OwnedHeaders};
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{FutureProducer, FutureRecord};
    use serde_json::{Value, json};
    use sqlx::postgres::PgPoolOptions;

    use super::*;
    use crate::dish::tests::dish;
    use crate::events::{created, deleted, updated};

    async fn write(producer: &FutureProducer, kind: &str, key: &str, data: &Value) {
        let payload = data.to_string();
        let header = |key, value| Header { key, value: Some(value) };
        let headers = OwnedHeaders::new().insert(header("ce_id", "1")).insert(header("ce_type", kind));
        let record = FutureRecord::to(MenuEvent::TOPIC).key(key).payload(&payload).headers(headers);
        producer.send(record, Duration::from_secs(5)).await.expect("published");
    }

    async fn tell(producer: &FutureProducer, event: MenuEvent) {
        write(producer, event.kind(), &event.key(), &event.data()).await;
    }

    async fn until(cache: &Cache, shown: &[(i32, i32)]) -> Duration {
        let started = Instant::now();
        loop {
            let menu: Vec<_> = cache.snapshot().by_id.iter().map(|entry| (entry.dish.id.get(), entry.dish.version)).collect();
            if menu == shown {
                return started.elapsed();
            }
            assert!(started.elapsed() < Duration::from_secs(10), "{menu:?} is not {shown:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The database is away all the while: events are enough to follow the menu.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_menu_follows_its_events() {
        let cluster = MockCluster::new(1).expect("a broker");
        cluster.create_topic(MenuEvent::TOPIC, 3, 1).expect("a topic");
        let kafka = Kafka {
            bootstrap_servers: cluster.bootstrap_servers(),
            prefix: String::new(),
            security: Security::default(),
            in_process: true,
        };
        let producer: FutureProducer = client(&kafka).create().expect("a producer");
        tell(&producer, created(&dish(99, 1, "Of yesterday", 100))).await;

        let away =
            PgPoolOptions::new().acquire_timeout(Duration::from_millis(50)).connect_lazy("postgres://127.0.0.1:1/menu").expect("a pool");
        let cache = Arc::new(Cache::new(away));
        let metrics = Metrics::new("menu");
        let mut tail = Tail::new(&kafka, "menu", MenuEvent::TOPIC, &metrics).expect("a tail");
        assert!(matches!(tail.next().await, Tailed::Attached));
        let stop = Shutdown::new();
        let follower = tokio::spawn(Follower { cache: cache.clone(), tail, metrics }.run(stop.clone()));

        tell(&producer, created(&dish(1, 1, "Tea", 250))).await;
        until(&cache, &[(1, 1)]).await;
        write(&producer, "menu.item.praised", "1", &json!(5)).await;
        write(&producer, "menu.item.created", "2", &json!("nonsense")).await;
        tell(&producer, updated(&dish(1, 2, "Tea", 300))).await;
        tell(&producer, updated(&dish(1, 1, "Tea", 250))).await;
        let tombstone = FutureRecord::<str, str>::to(MenuEvent::TOPIC).key("1");
        producer.send(tombstone, Duration::from_secs(5)).await.expect("published");
        tell(&producer, created(&dish(3, 1, "Soup", 500))).await;
        until(&cache, &[(1, 2), (3, 1)]).await;
        tell(&producer, deleted(&dish(1, 2, "Tea", 300))).await;
        tell(&producer, updated(&dish(1, 2, "Tea", 300))).await;
        tell(&producer, created(&dish(4, 1, "Bread", 100))).await;
        until(&cache, &[(3, 1), (4, 1)]).await;

        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), follower).await.expect("it stops").expect("it ran");
    }
}
