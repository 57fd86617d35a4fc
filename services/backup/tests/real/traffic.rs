//! Rows that are written one after the other, and when each was sent and acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::Executor as _;
use tokio::task::JoinSet;

use crate::cluster::Cluster;

/// How many write at once.
const WRITERS: i64 = 3;

/// Writers that write until they are told to stop.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    writers: JoinSet<Vec<Row>>,
}

/// A row that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: i64,
    sent: Timestamp,
    pub(crate) acknowledged: Timestamp,
}

impl Traffic {
    /// Begins to write.
    pub(crate) async fn start(cluster: &Cluster) -> Self {
        cluster.connect().await.execute("CREATE TABLE IF NOT EXISTS written (id bigint PRIMARY KEY)").await.expect("a table");
        let stop = Arc::new(AtomicBool::new(false));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (mut connection, stop) = (cluster.connect().await, Arc::clone(&stop));
            writers.spawn(async move {
                let mut rows = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let id = writer + WRITERS * i64::try_from(rows.len()).expect("a number");
                    let sent = Timestamp::now();
                    sqlx::query("INSERT INTO written VALUES ($1)").bind(id).execute(&mut connection).await.expect("a row");
                    rows.push(Row { id, sent, acknowledged: Timestamp::now() });
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                rows
            });
        }
        Self { stop, writers }
    }

    /// Ends it: what was written.
    pub(crate) async fn stop(self) -> Vec<Row> {
        self.stop.store(true, Ordering::Relaxed);
        self.writers.join_all().await.into_iter().flatten().collect()
    }
}

/// What a database has.
pub(crate) async fn found(cluster: &Cluster) -> BTreeSet<i64> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM written").fetch_all(&mut cluster.connect().await).await.expect("rows");
    ids.into_iter().collect()
}

/// Of a database that was restored to a moment: everything that was acknowledged until then is there, and nothing that was sent later.
#[track_caller]
pub(crate) fn compare(written: &[Row], found: &BTreeSet<i64>, moment: Timestamp) {
    let (mut before, mut after) = (0, 0);
    for row in written {
        if row.acknowledged <= moment {
            before += 1;
            assert!(found.contains(&row.id), "{row:?} was acknowledged before {moment}, and is lost");
        }
        if row.sent > moment {
            after += 1;
            assert!(!found.contains(&row.id), "{row:?} was sent after {moment}, and is there");
        }
    }
    eprintln!("{before} rows acknowledged until {moment} are there, none of {after} later ones");
    assert!(before > 0 && after > 0, "{before} before and {after} after {moment} show nothing");
}
