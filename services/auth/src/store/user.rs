//! Users.

use chassis::http::identity::Role;
use chassis::http::problem::{OnConstraint as _, Problem};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::Postgres;
use sqlx::{Executor, FromRow, PgConnection, PgPool};
use utoipa::ToSchema;

use crate::codes::EMAIL_TAKEN;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize, ToSchema)]
#[schema(as = UserResponse)]
pub(crate) struct User {
    /// The user's id, which is also the `sub` of his tokens.
    #[schema(example = 42, minimum = 1)]
    pub(crate) id: i32,
    /// In the case in which it was given; it is compared without it.
    #[schema(example = "guest@example.com", format = Email)]
    pub(crate) email: String,
    /// What the user is called.
    #[schema(example = "Ada Lovelace", required)]
    pub(crate) full_name: Option<String>,
    /// Where the user can be called.
    #[schema(example = "+44 20 7946 0958", required)]
    pub(crate) phone: Option<String>,
    /// What the user may do.
    #[schema(example = "user")]
    pub(crate) role: Role,
    /// What the entity tag is made of.
    #[serde(skip)]
    pub(crate) version: i32,
    /// When the account was made.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(example = "2030-05-01T10:00:00Z")]
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(example = "2030-05-01T10:00:00Z")]
    pub(crate) updated_at: Timestamp,
}

/// What a user has done at the restaurant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Activity {
    /// Bookings that were completed.
    #[schema(example = 7, minimum = 0)]
    pub(crate) visits: i64,
    /// Bookings to which nobody came.
    #[schema(example = 0, minimum = 0)]
    pub(crate) no_shows: i64,
    /// Bookings that were cancelled.
    #[schema(example = 1, minimum = 0)]
    pub(crate) cancellations: i64,
    /// When the next booking begins.
    #[schema(example = "2030-05-17T17:30:00Z", required)]
    pub(crate) next_reservation_time: Option<Timestamp>,
}

/// A user as an administrator sees him.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UserWithActivityResponse)]
pub(crate) struct UserWithActivity {
    #[serde(flatten)]
    pub(crate) user: User,
    /// What the user has done at the restaurant.
    pub(crate) activity: Activity,
}

#[derive(FromRow)]
struct ActivityRow {
    visits: i64,
    no_shows: i64,
    cancellations: i64,
    next_reservation_time: Option<jiff_sqlx::Timestamp>,
}

impl From<ActivityRow> for Activity {
    fn from(row: ActivityRow) -> Self {
        let ActivityRow { visits, no_shows, cancellations, next_reservation_time } = row;
        Self { visits, no_shows, cancellations, next_reservation_time: next_reservation_time.map(jiff_sqlx::Timestamp::to_jiff) }
    }
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    user: User,
    #[sqlx(flatten)]
    activity: ActivityRow,
}

impl From<Row> for UserWithActivity {
    fn from(row: Row) -> Self {
        Self { user: row.user, activity: row.activity.into() }
    }
}

/// The columns of [`User`].
macro_rules! columns {
    () => {
        "id, email, full_name, phone, role::text AS role, version, created_at, updated_at"
    };
}

/// The [`Activity`] of the user of an id.
macro_rules! activity {
    ($id:literal) => {
        concat!(
            "SELECT count(*) FILTER (WHERE status = 'completed') AS visits,
                    count(*) FILTER (WHERE status = 'no_show') AS no_shows,
                    count(*) FILTER (WHERE status = 'cancelled') AS cancellations,
                    min(reservation_time) FILTER (
                        WHERE status IN ('pending', 'confirmed', 'seated') AND reservation_time > now()) AS next_reservation_time
             FROM user_reservation WHERE user_id = ",
            $id
        )
    };
}

/// The users of a subquery, each with his activity: one statement for however many they are.
macro_rules! with_activity {
    ($users:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", visits, no_shows, cancellations, next_reservation_time FROM (",
            $users,
            ") AS u CROSS JOIN LATERAL (",
            activity!("u.id"),
            ") AS activity ORDER BY id"
        )
    };
}

fn email_taken() -> Problem {
    Problem::new(&EMAIL_TAKEN, "There is an account with this e-mail address already.")
}

/// Adds a user.
///
/// # Errors
/// 409 where the e-mail address is taken.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    email: &str,
    password_hash: &str,
    full_name: Option<&str>,
    phone: Option<&str>,
) -> Result<User, Problem> {
    const SQL: &str =
        concat!("INSERT INTO \"user\" (email, password_hash, full_name, phone) VALUES ($1, $2, $3, $4) RETURNING ", columns!());
    let inserted = sqlx::query_as(SQL).bind(email).bind(password_hash).bind(full_name).bind(phone).fetch_one(connection).await;
    inserted.on_constraint("user_email_key", email_taken)
}

/// What it took to have an administrator of an e-mail address.
pub(crate) enum Appointed {
    /// A new user.
    New(User),
    /// A new role and the configured password for a user: whoever took the address first must not hold the key to an administrator's account.
    Promoted(User),
    /// Nothing.
    Already,
}

/// Makes the user of an e-mail address an administrator, and the user where there is none.
pub(crate) async fn appoint(connection: &mut PgConnection, email: &str, password_hash: &str) -> Result<Appointed, sqlx::Error> {
    const SQL: &str = concat!(
        "INSERT INTO \"user\" AS u (email, password_hash, role) VALUES ($1, $2, 'admin')
         ON CONFLICT (lower(email)) DO UPDATE
         SET role = 'admin', password_hash = EXCLUDED.password_hash, version = u.version + 1, updated_at = now() WHERE u.role <> 'admin'
         RETURNING ",
        columns!()
    );
    let user: Option<User> = sqlx::query_as(SQL).bind(email).bind(password_hash).fetch_optional(connection).await?;
    Ok(match user {
        Some(user) if user.version == 1 => Appointed::New(user),
        Some(user) => Appointed::Promoted(user),
        None => Appointed::Already,
    })
}

/// A user by id.
pub(crate) async fn get<'e>(executor: impl Executor<'e, Database = Postgres>, id: i32) -> Result<Option<User>, sqlx::Error> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM \"user\" WHERE id = $1");
    sqlx::query_as(SQL).bind(id).fetch_optional(executor).await
}

/// A user by id, whom nobody else changes until the end of the transaction.
pub(crate) async fn lock(connection: &mut PgConnection, id: i32) -> Result<Option<User>, sqlx::Error> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM \"user\" WHERE id = $1 FOR NO KEY UPDATE");
    sqlx::query_as(SQL).bind(id).fetch_optional(connection).await
}

/// Stores a changed user as the next version.
///
/// # Errors
/// 409 where the e-mail address is taken.
pub(crate) async fn update(connection: &mut PgConnection, user: &User) -> Result<User, Problem> {
    const SQL: &str = concat!(
        "UPDATE \"user\" SET email = $2, full_name = $3, phone = $4, role = $5, version = version + 1, updated_at = now() WHERE id = $1 RETURNING ",
        columns!()
    );
    let updated = sqlx::query_as(SQL)
        .bind(user.id)
        .bind(&user.email)
        .bind(&user.full_name)
        .bind(&user.phone)
        .bind(user.role)
        .fetch_one(connection)
        .await;
    updated.on_constraint("user_email_key", email_taken)
}

/// The hash of a user's password.
pub(crate) async fn password_hash(pool: &PgPool, id: i32) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT password_hash FROM \"user\" WHERE id = $1").bind(id).fetch_optional(pool).await
}

/// Replaces the hash of a user's password; `false` where it is another one by now. That is no new version: nobody sees it.
pub(crate) async fn replace_password_hash(pool: &PgPool, id: i32, old: &str, new: &str) -> Result<bool, sqlx::Error> {
    let replaced = sqlx::query("UPDATE \"user\" SET password_hash = $3 WHERE id = $1 AND password_hash = $2");
    Ok(replaced.bind(id).bind(old).bind(new).execute(pool).await?.rows_affected() > 0)
}

/// A user by id, with his activity.
pub(crate) async fn get_with_activity(pool: &PgPool, id: i32) -> Result<Option<UserWithActivity>, sqlx::Error> {
    const SQL: &str = with_activity!("SELECT * FROM \"user\" WHERE id = $1");
    let row: Option<Row> = sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?;
    Ok(row.map(Into::into))
}

/// What a user has done at the restaurant.
pub(crate) async fn activity(pool: &PgPool, id: i32) -> Result<Activity, sqlx::Error> {
    const SQL: &str = activity!("$1");
    sqlx::query_as::<_, ActivityRow>(SQL).bind(id).fetch_one(pool).await.map(Into::into)
}

/// Whom to list.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Part of the e-mail address, in any case.
    pub(crate) email: Option<String>,
    /// The role.
    pub(crate) role: Option<Role>,
}

/// Users in the order of their ids, with their activity: `limit` of them at most, after the id `after`.
pub(crate) async fn list(pool: &PgPool, filter: &Filter, after: i32, limit: i64) -> Result<Vec<UserWithActivity>, sqlx::Error> {
    // strpos, unlike LIKE, takes every character for itself.
    const SQL: &str = with_activity!(
        "SELECT * FROM \"user\" WHERE id > $1
         AND ($2::text IS NULL OR strpos(lower(email), lower($2)) > 0)
         AND ($3::text IS NULL OR role = $3)
         ORDER BY id LIMIT $4"
    );
    let rows: Vec<Row> = sqlx::query_as(SQL).bind(after).bind(&filter.email).bind(filter.role).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
