//! The menu in memory: readers take the latest snapshot without waiting, writers take turns.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use sqlx::PgPool;
use tokio::sync::{Mutex, Notify};

use crate::events::News;
use crate::memory::contents::{Contents, Outcome};
use crate::memory::snapshot::Snapshot;
use crate::store;

/// The menu in memory.
pub(crate) struct Cache {
    pool: PgPool,
    snapshot: ArcSwap<Snapshot>,
    /// Held from before the database is read until what it says is shown: a write that is committed meanwhile waits, and is
    /// noted after it.
    contents: Mutex<Contents>,
    doubt: Notify,
}

impl Cache {
    /// A menu that nothing is known of yet.
    pub(crate) fn new(pool: PgPool) -> Self {
        let snapshot = ArcSwap::from_pointee(Snapshot::new(Vec::new()));
        Self { pool, snapshot, contents: Mutex::default(), doubt: Notify::new() }
    }

    /// The menu as it is now.
    pub(crate) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Reads the whole menu from the database.
    ///
    /// # Errors
    /// What the database says; what was known before is still shown then.
    pub(crate) async fn reload(&self) -> Result<(), sqlx::Error> {
        self.update([], true).await
    }

    /// Takes note of news, all at once, and then asks the database where they leave a doubt, or where `reload` says so.
    ///
    /// # Errors
    /// What the database says, if it is asked; the news are noted nonetheless.
    pub(crate) async fn update(&self, news: impl IntoIterator<Item = News>, reload: bool) -> Result<(), sqlx::Error> {
        let mut contents = self.contents.lock().await;
        let (mut changed, mut doubtful) = (false, reload);
        for news in news {
            match contents.note(news) {
                Outcome::Changed => changed = true,
                Outcome::Known => {}
                Outcome::Doubtful => doubtful = true,
            }
        }
        // Before the database is asked: whoever waits for this may go away meanwhile, and what is noted is never noted again.
        if changed {
            self.show(&contents);
        }
        if doubtful && contents.replace(store::read(&self.pool).await?) {
            self.show(&contents);
        }
        Ok(())
    }

    fn show(&self, contents: &Contents) {
        self.snapshot.store(Arc::new(Snapshot::new(contents.entries())));
    }

    /// Takes note of a write of this replica, so that who made it reads it at once.
    pub(crate) async fn note_own(&self, news: News) {
        if let Err(error) = self.update([news], false).await {
            // The write is committed, so this is no reason to fail: the menu is read again as soon as the database answers.
            tracing::warn!(%error, "a dish was written, and could not be read again");
            self.doubt.notify_one();
        }
    }

    /// Waits until a write of this replica could not be noted.
    pub(crate) async fn doubted(&self) {
        self.doubt.notified().await;
    }
}
