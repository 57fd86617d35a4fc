//! `GET /auth/users`, `GET` and `PATCH /auth/users/{id}`: for administrators.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::{Role, UserId};
use chassis::http::input::Input;
use chassis::http::page::Page;
use chassis::http::problem::Problem;
use chassis::http::text::{SHORT_TEXT, Text, fold};
use http::{HeaderValue, header};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::PgExecutor;
use utoipa::ToSchema;

use super::App;
use super::administrator::Administrator;
use crate::codes::LAST_ADMINISTRATOR;
use crate::events;
use crate::store::activity::{self, Activity};
use crate::store::administrator;
use crate::store::user::{self, Filter, User};

chassis::query! {
    /// Which users to list.
    pub(super) struct UsersQuery {
        /// Part of the e-mail address, in any case.
        #[example = "@restaurant.com"]
        email: optional Text<SHORT_TEXT>,
        /// Users of this role.
        #[example = "admin"]
        role: optional Role,
    }
}

chassis::body! {
    /// A change of a user. A field that is left out stays as it is.
    pub(super) struct UpdateUserRequest {
        /// The role, which decides what the user may do. The other services learn it at the user's next login.
        #[example = "admin"]
        role: change Role,
    }
}

/// A user, as administrators see them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UserWithActivityResponse)]
pub(crate) struct UserWithActivity {
    #[serde(flatten)]
    user: User,
    /// The version of the account, which grows by one with every change. `If-Match: "<version>"` has a change made to this version only.
    #[schema(example = 1, minimum = 1)]
    version: i32,
    /// The activity of the user at the restaurant.
    activity: Activity,
}

impl UserWithActivity {
    fn new(user: User, activity: Activity) -> Self {
        Self { version: user.version, user, activity }
    }

    /// The entity tag of all that is shown. It is weak: bookings change the activity and make no new version.
    fn tag(&self) -> HeaderValue {
        let Activity { visits, no_shows, cancellations, next_reservation_time } = &self.activity;
        let next = next_reservation_time.map_or(0, Timestamp::as_microsecond);
        etag::weak(format_args!("{}-{visits}-{no_shows}-{cancellations}-{next}", self.version))
    }
}

fn no_such_user() -> Problem {
    Problem::not_found("user")
}

async fn with_activity(executor: impl PgExecutor<'_>, user: User) -> Result<UserWithActivity, Problem> {
    let activity = activity::of(executor, &[user.id]).await?.pop().expect("there is an activity for each id that was asked for");
    Ok(UserWithActivity::new(user, activity))
}

/// List users
///
/// All accounts in the order of their ids, each with what its user has done at the restaurant.
#[utoipa::path(
    get,
    path = "/auth/users",
    operation_id = "list_users",
    tag = "users",
    params(UsersQuery, Page<UserId>),
    responses(
        (status = 200, description = "A page of users.", body = [UserWithActivity], headers(
            ("Link" = String, description = "`<...>; rel=\"next\"`: the next page, while there is one."),
        )),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn list_users(State(app): State<App>, _: Administrator, mut input: Input) -> Result<Response, Problem> {
    let (query, page) = (input.read::<UsersQuery>(), Page::<UserId>::read(&mut input, "users"));
    let (query, page) = input.finish((query, page))?;
    let filter = Filter { email: query.email.map(|part| fold(part.as_str())), role: query.role };
    let users = user::list(&app.pool, &filter, page.after().map_or(0, |id| id.get()), page.fetch()).await?;
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let activities = activity::of(&app.pool, &ids).await?;
    let rows = users.into_iter().zip(activities).map(|(user, activity)| UserWithActivity::new(user, activity)).collect();
    Ok(page.respond(rows, |row: &UserWithActivity| row.user.id))
}

/// Get a user
///
/// An account, with what its user has done at the restaurant. The entity tag is weak and counts both.
#[utoipa::path(
    get,
    path = "/auth/users/{id}",
    operation_id = "get_user",
    tag = "users",
    params(UserId, Conditions),
    responses(
        (status = 200, description = "The user.", body = UserWithActivity,
            headers(("ETag" = String, description = "A weak tag of the answer: the version of the account, and the activity."))),
        (status = 304, description = "`If-None-Match` names what would be shown.",
            headers(("ETag" = String, description = "The weak tag of the answer that is not sent."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn get_user(State(app): State<App>, _: Administrator, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions) = (input.id::<UserId>(), input.conditions());
    let (id, conditions) = input.finish((id, conditions))?;
    let user = user::get(&app.pool, id).await?.ok_or_else(no_such_user)?;
    let found = with_activity(&app.pool, user).await?;
    conditions.read(found.tag(), || Json(&found).into_response())
}

/// Change a user's role
///
/// Here a role counts at once. At the other services it counts from the user's next login on: tokens that were issued before carry the
/// old role until they expire. The last administrator keeps the role. `If-Match` takes the `version` of the account, as `"<version>"`.
#[utoipa::path(
    patch,
    path = "/auth/users/{id}",
    operation_id = "update_user",
    tag = "users",
    params(UserId, Conditions),
    request_body(content = UpdateUserRequest, example = json!({"role": "admin"})),
    responses(
        (status = 200, description = "The user.", body = UserWithActivity,
            headers(("ETag" = String, description = "A weak tag of the answer: the version of the account, and the activity."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn update_user(State(app): State<App>, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    let (id, conditions, body) = (input.id::<UserId>(), input.conditions(), input.read::<UpdateUserRequest>());
    let (id, conditions, body) = input.finish((id, conditions, body))?;
    let accepts = |version| conditions.check_version(version);
    respond(&set_role(&app, &actor, id, body.role, &accepts).await?)
}

/// Gives a user a role, where one is given.
///
/// # Errors
/// 403 where the actor is no administrator any more, 404, 409 where nobody would be one, 412 where the version is not accepted.
pub(crate) async fn set_role(
    app: &App,
    actor: &Administrator,
    id: UserId,
    role: Option<Role>,
    accepts: &(dyn Fn(i32) -> Result<(), Problem> + Sync),
) -> Result<UserWithActivity, Problem> {
    let (mut transaction, administrators) = actor.begin(app).await?;
    let current = user::lock(&mut transaction, id).await?.ok_or_else(no_such_user)?;
    accepts(current.version)?;
    let role = role.unwrap_or(current.role);
    if role == current.role {
        return with_activity(&mut *transaction, current).await;
    }
    if administrators == [current.id] {
        let detail = "This user is the only administrator and keeps the role. Appoint another administrator first.";
        return Err(Problem::new(&LAST_ADMINISTRATOR, detail));
    }
    let user = administrator::set_role(&mut transaction, id, role).await?;
    app.outbox.write(&mut transaction, &events::updated(&user)).await?;
    let changed = with_activity(&mut *transaction, user).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(changed)
}

fn respond(user: &UserWithActivity) -> Result<Response, Problem> {
    Ok(([(header::ETAG, user.tag())], Json(user)).into_response())
}
