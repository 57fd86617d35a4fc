//! The house as the database has it, kept in memory. Its version says whether what is known is current: reads look at it once a second,
//! and whatever books is refused by the database where the version is another one.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use house::House;
use sqlx::PgConnection;

use crate::area::Area;
use crate::config::Restaurant;
use crate::edit::Section;
use crate::store;
use crate::store::database::Database;
use crate::table::Table;

/// For how long a version counts as current without a look.
const CURRENT: Duration = Duration::from_secs(1);

/// The house at a version.
#[derive(Debug)]
pub struct Known {
    /// The version.
    pub version: i32,
    /// The sections that the staff do not edit, since they are declared.
    pub declared: Vec<Section>,
    /// The areas, by their position.
    pub areas: Vec<Area>,
    /// The tables in use, by their number.
    pub tables: Vec<Table>,
    /// The house.
    pub house: House,
}

impl Known {
    /// Whether the house has this version still.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_current(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        Ok(store::house::version(connection).await? == self.version)
    }
}

/// The house, as it is known.
#[derive(Debug)]
pub struct Memory {
    restaurant: Restaurant,
    state: Mutex<State>,
    /// One at a time looks; the others wait for what it finds.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Arc<Known>>,
    /// When the version was last seen to be current.
    seen: Option<Instant>,
    /// How often it was forgotten: a look that began before is not trusted.
    forgotten: u64,
}

impl Memory {
    /// Nothing is known yet of the house of this restaurant.
    pub fn new(restaurant: Restaurant) -> Self {
        Self { restaurant, state: Mutex::default(), looking: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the lock")
    }

    fn current(&self) -> Option<Arc<Known>> {
        let state = self.state();
        state.known.clone().filter(|_| state.seen.is_some_and(|seen| seen.elapsed() < CURRENT))
    }

    /// The house as it was within the last second, and since this replica last changed it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn get(&self, database: &mut Database<'_>) -> Result<Arc<Known>, sqlx::Error> {
        if let Some(known) = self.current() {
            return Ok(known);
        }
        // Before the wait: whoever looks must not want for a connection that those have who wait for it.
        let connection = database.connection().await?;
        let _one_at_a_time = self.looking.lock().await;
        match self.current() {
            Some(known) => Ok(known),
            None => self.look(connection).await,
        }
    }

    /// What was known last, however long ago: to word a fault of the input by, which is judged once more before anything is written.
    pub fn last(&self) -> Option<Arc<Known>> {
        self.state().known.clone()
    }

    /// Has the next one look at the version: it is another one.
    pub fn forget(&self) {
        let mut state = self.state();
        state.seen = None;
        state.forgotten += 1;
    }

    async fn look(&self, connection: &mut PgConnection) -> Result<Arc<Known>, sqlx::Error> {
        let (began, forgotten, known) = {
            let state = self.state();
            (Instant::now(), state.forgotten, state.known.clone())
        };
        let version = store::house::version(connection).await?;
        let known = match known.filter(|known| known.version == version) {
            Some(known) => known,
            None => Arc::new(store::house::read(connection, &self.restaurant).await?),
        };
        let mut state = self.state();
        state.known = Some(known.clone());
        state.seen = Some(began).filter(|_| state.forgotten == forgotten);
        Ok(known)
    }
}
