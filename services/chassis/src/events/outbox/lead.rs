//! Which replica's relay publishes: a row of the database is a lease that its holder renews. A holder that freezes or loses its network is
//! replaced when the lease is over, and knows by its own clock when that is: it sends nothing that could still be on its way then.

use std::time::{Duration, SystemTime};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::Instant;

use super::publish::Term;
use super::queue::{self, VACANT, WAITING, answered};
use super::write::Outbox;
use crate::run::config::Kafka;
use crate::run::database::session;
use crate::run::metrics::Metrics;
use crate::run::shutdown::Shutdown;

/// How long a relay leads without renewing its lease. With [`CANDIDACY`] it is less than 10 s until another takes over.
pub(super) const LEASE: Duration = Duration::from_secs(7);
/// How often a follower looks whether the lease is over.
const CANDIDACY: Duration = Duration::from_millis(1500);
/// How often a follower wakes the leader, at most.
const COALESCE: Duration = Duration::from_millis(5);
/// How long to wait after the database failed.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the relay goes on publishing what is left when the service stops.
const FLUSH: Duration = Duration::from_secs(5);
/// How long an event may be on its way after it was given to the client of the broker: its `message.timeout.ms`, and the second in which
/// librdkafka looks at its timeouts once.
const ON_ITS_WAY: Duration = Duration::from_millis(crate::events::kafka::MESSAGE_TIMEOUT_MS as u64 + 1000);

/// Publishes what is in the outbox.
pub struct Relay {
    /// The service, as `ce_source` names it.
    pub service: &'static str,
    /// The database whose outbox it is.
    pub database: PgConnectOptions,
    /// The broker.
    pub kafka: Kafka,
    /// What wakes it.
    pub outbox: Outbox,
    /// Where it counts.
    pub metrics: Metrics,
}

/// The time for which a relay leads.
#[derive(Clone, Copy)]
pub(super) struct Lease {
    began: Instant,
    // The other clock stands still while the machine sleeps.
    began_at: SystemTime,
}

impl Lease {
    /// A lease that is asked for now: by the database's clock it begins no sooner.
    pub(super) fn ask() -> Self {
        Self { began: Instant::now(), began_at: SystemTime::now() }
    }

    fn age(self) -> Duration {
        self.began.elapsed().max(self.began_at.elapsed().unwrap_or_default())
    }

    /// Whether the relay leads.
    pub(super) fn holds(self) -> bool {
        self.age() < LEASE
    }

    /// Whether what is sent now arrives, or is given up, while the relay leads.
    pub(super) fn may_send(self) -> bool {
        self.age() < LEASE - ON_ITS_WAY
    }
}

impl Relay {
    /// Publishes until `stop`, and then what is left, for 5 s at most.
    pub async fn run(self, stop: Shutdown) {
        tokio::select! {
            () = self.work(&stop) => {}
            () = async { stop.cancelled().await; tokio::time::sleep(FLUSH).await } => {
                tracing::warn!("the broker did not take what is left in the outbox; it is published after the next start");
            }
        }
    }

    async fn work(&self, stop: &Shutdown) {
        let mut name = [0; 8];
        getrandom::fill(&mut name).expect("the system has random numbers");
        let holder = i64::from_ne_bytes(name);
        let mut unreachable = false;
        while !stop.is_cancelled() {
            if let Err(error) = self.serve(holder, stop, &mut unreachable).await {
                if !std::mem::replace(&mut unreachable, true) {
                    tracing::warn!(%error, "the relay lost its database; events wait");
                }
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }

    /// From connecting to the loss of the connection, the end of a term of office, or the stop.
    async fn serve(&self, holder: i64, stop: &Shutdown, unreachable: &mut bool) -> Result<(), sqlx::Error> {
        // What is read is at the end of an index, whatever the statistics of a table say that fills and empties in seconds.
        let options = session(self.database.clone()).application_name("outbox-relay").options([("enable_seqscan", "off")]);
        let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).connect_lazy_with(options);
        let mut database = answered(PgListener::connect_with(&pool)).await?;
        answered(database.listen(VACANT)).await?;
        *unreachable = false;
        let mut candidacy = Instant::now();
        loop {
            let lease = Lease::ask();
            if candidacy <= lease.began {
                candidacy = lease.began + CANDIDACY;
                if let Some(oldest) = answered(queue::take_lease(&mut database, holder)).await? {
                    answered(database.listen(WAITING)).await?;
                    if Term::new(self, holder, lease, oldest).run(&mut database, stop).await? {
                        answered(queue::give_lease_back(&mut database, holder)).await?;
                    }
                    return Ok(());
                }
            }
            tokio::select! {
                () = stop.cancelled() => return answered(queue::wake_leader(&mut database)).await,
                () = self.outbox.woken() => {
                    answered(queue::wake_leader(&mut database)).await?;
                    tokio::time::sleep(COALESCE).await;
                }
                vacant = database.try_recv() => {
                    vacant?.ok_or(sqlx::Error::WorkerCrashed)?;
                    candidacy = Instant::now();
                }
                () = tokio::time::sleep_until(candidacy) => {}
            }
        }
    }
}
