//! Messages to guests. They are written by the statements that change bookings; here they are taken, and settled.

use std::collections::HashMap;
use std::net::IpAddr;

use sqlx::{Connection as _, FromRow as _, PgConnection, PgExecutor, PgPool, Row as _};

use super::sql;
use crate::booking::ReservationId;
use crate::mail::message::{Mail, Message};

/// Takes the message that is due first, if there is one; or has it expire.
///
/// # Errors
/// Where the database fails.
pub async fn take(executor: impl PgExecutor<'_>) -> Result<Option<Message>, sqlx::Error> {
    sqlx::query_as(sql::TAKE_MESSAGE).fetch_optional(executor).await
}

/// Keeps that a message was sent.
///
/// # Errors
/// Where the database fails.
pub async fn sent(executor: impl PgExecutor<'_>, message: &Message) -> Result<(), sqlx::Error> {
    sqlx::query(sql::MESSAGE_SENT).bind(message.id).bind(message.attempts).execute(executor).await?;
    Ok(())
}

/// Keeps that a message was refused for good.
///
/// # Errors
/// Where the database fails.
pub async fn failed(executor: impl PgExecutor<'_>, message: &Message, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query(sql::MESSAGE_FAILED).bind(message.id).bind(message.attempts).bind(reason).execute(executor).await?;
    Ok(())
}

/// Has a message wait for so many seconds.
///
/// # Errors
/// Where the database fails.
pub async fn postpone(pool: &PgPool, message: &Message, reason: &str, seconds: u32) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // What is written meanwhile is waited for, and seen by the next statement.
    sqlx::query(sql::LOCK_MESSAGE).bind(message.id).execute(&mut *transaction).await?;
    let query = sqlx::query(sql::POSTPONE_MESSAGE).bind(message.id).bind(message.attempts).bind(reason);
    query.bind(f64::from(seconds)).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// How many messages are due, and for how many seconds the oldest has been.
///
/// # Errors
/// Where the database fails.
pub async fn waiting(executor: impl PgExecutor<'_>) -> Result<(i64, f64), sqlx::Error> {
    sqlx::query_as(sql::MESSAGES_WAITING).fetch_one(executor).await
}

/// Sends the last message about a booking once more. `false`: there is none.
///
/// # Errors
/// Where the database fails.
pub async fn again(connection: &mut PgConnection, id: ReservationId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(sql::MESSAGE_AGAIN).bind(id).fetch_one(connection).await
}

/// Sends the link of the booking that has this code and e-mail address, if there is one, and unless the address or the network has asked too
/// often. Of several at once, one after another is counted.
///
/// # Errors
/// Where the database fails.
pub async fn link(connection: &mut PgConnection, code: &str, email: &str, network: IpAddr) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query(sql::LOCK_LINKS).bind(email).bind(network.to_string()).execute(&mut *transaction).await?;
    sqlx::query(sql::SEND_LINK).bind(code).bind(email).bind(network.to_string()).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// The last message about each of these bookings that has one.
///
/// # Errors
/// Where the database fails.
pub async fn last_of(connection: &mut PgConnection, ids: &[ReservationId]) -> Result<HashMap<ReservationId, Mail>, sqlx::Error> {
    let ids: Vec<i32> = ids.iter().map(|id| id.get()).collect();
    let rows = sqlx::query(sql::LAST_MESSAGES).bind(ids).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("reservation_id")?, Mail::from_row(row)?))).collect()
}

/// Forgets messages that nobody has needed for 30 days.
///
/// # Errors
/// Where the database fails.
pub async fn forget(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(sql::FORGET_MESSAGES).execute(executor).await?;
    Ok(())
}
