//! How many bookings may be made, and by whom.

use std::net::IpAddr;

use chassis::http::identity::UserId;
use sqlx::{PgConnection, PgExecutor};

use super::sql;
use crate::booking::make::Counted;
use crate::config::Limits;
use crate::refusal::Limit;

/// A limit, as the statements take it; 0 is no limit.
fn number(limit: u32) -> i32 {
    i32::try_from(limit).expect("the configuration bounds the limits")
}

/// The limits as the statement that books takes them: a user's for an hour and for bookings ahead, then a network and its limit. The user is
/// whoever's booking it becomes.
pub(super) fn parameters(counted: Counted) -> (i32, i32, Option<String>, i32) {
    match counted {
        Counted::Not => (0, 0, None, 0),
        Counted::User(_, limits) => (number(limits.per_hour), number(limits.upcoming), None, 0),
        Counted::Network(network, per_hour) => (0, 0, Some(network.to_string()), number(per_hour)),
    }
}

/// The limit that is reached, if any.
///
/// # Errors
/// Where the database fails.
pub async fn reached(connection: &mut PgConnection, counted: Counted) -> Result<Option<Limit>, sqlx::Error> {
    match counted {
        Counted::Not | Counted::User(_, Limits::NONE) | Counted::Network(_, 0) => Ok(None),
        Counted::User(user_id, limits) => {
            let query = sqlx::query_scalar(sql::LIMIT_REACHED).bind(user_id);
            query.bind(number(limits.per_hour)).bind(number(limits.upcoming)).fetch_one(connection).await
        }
        Counted::Network(network, per_hour) => {
            sqlx::query_scalar(sql::NETWORK_IS_BEYOND).bind(network.to_string()).bind(number(per_hour)).fetch_one(connection).await
        }
    }
}

/// In how many seconds a booking may be made again: at least 1.
///
/// # Errors
/// Where the database fails.
pub async fn until_below(connection: &mut PgConnection, counted: Counted, reached: Limit) -> Result<u64, sqlx::Error> {
    let seconds: Option<Option<i64>> = match (counted, reached) {
        (Counted::Not, _) => None,
        (Counted::User(user_id, _), Limit::Upcoming) => {
            sqlx::query_scalar(sql::UNTIL_UPCOMING).bind(user_id).fetch_optional(connection).await?
        }
        (Counted::User(user_id, limits), _) => until_hour(connection, user_id, limits).await?,
        (Counted::Network(network, per_hour), _) => until_network(connection, network, per_hour).await?,
    };
    Ok(seconds.flatten().and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(1).max(1))
}

async fn until_hour(connection: &mut PgConnection, user_id: UserId, limits: Limits) -> Result<Option<Option<i64>>, sqlx::Error> {
    sqlx::query_scalar(sql::UNTIL_HOUR).bind(user_id).bind(number(limits.per_hour)).fetch_optional(connection).await
}

async fn until_network(connection: &mut PgConnection, network: IpAddr, per_hour: u32) -> Result<Option<Option<i64>>, sqlx::Error> {
    sqlx::query_scalar(sql::UNTIL_NETWORK).bind(network.to_string()).bind(number(per_hour)).fetch_optional(connection).await
}

/// Forgets from which networks bookings were made more than an hour ago.
///
/// # Errors
/// Where the database fails.
pub async fn forget(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(sql::FORGET_NETWORKS).execute(executor).await?;
    Ok(())
}
