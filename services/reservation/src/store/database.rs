//! Where what is not in memory is read.

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

/// A connection that is at hand, or one of the pool's, which is taken when it is needed first: what is answered from memory takes none.
#[derive(Debug)]
pub enum Database<'a> {
    /// At hand, perhaps within a transaction.
    At(&'a mut PgConnection),
    /// One of the pool's, once it is taken.
    Of(&'a PgPool, Option<PoolConnection<Postgres>>),
}

impl<'a> Database<'a> {
    /// One of these, when it is needed.
    pub fn of(pool: &'a PgPool) -> Self {
        Self::Of(pool, None)
    }

    /// The connection.
    ///
    /// # Errors
    /// Where none is to be had.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        match self {
            Self::At(connection) => Ok(connection),
            Self::Of(_, Some(connection)) => Ok(connection),
            Self::Of(pool, taken) => Ok(taken.insert(pool.acquire().await?)),
        }
    }
}
