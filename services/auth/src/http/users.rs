//! `GET /auth/users`, `GET` and `PATCH /auth/users/{id}`: for administrators.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::{Admin, Role};
use chassis::http::old::etag;
use chassis::http::old::input::Input;
use chassis::http::old::page::Page;
use chassis::http::old::rule;
use chassis::http::problem::Problem;
use utoipa::ToSchema;

use super::change::change;
use super::{App, tagged};
use crate::store::user::{self, Filter, UserWithActivity};

static ROLES: &[(&str, Role)] = &[("user", Role::User), ("admin", Role::Admin)];

/// What is to be changed; what is left out stays as it is.
#[derive(ToSchema)]
pub(super) struct UpdateUserRequest {
    /// What the user may do, from his next login on.
    #[schema(value_type = Role, required = false, example = "admin")]
    role: Option<Role>,
}

fn no_such_user() -> Problem {
    Problem::not_found("user")
}

/// Users
///
/// All accounts in the order of their ids, each with what its user has done at the restaurant.
#[utoipa::path(
    get,
    path = "/auth/users",
    operation_id = "list_users",
    tag = "users",
    params(
        ("email" = Option<String>, Query, description = "Part of the e-mail address, in any case.", example = "@example.com"),
        ("role" = Option<Role>, Query, description = "Users of this role.", example = "user"),
        ("limit" = Option<i32>, Query, description = "How many users at most; 50 if it is left out.", minimum = 1, maximum = 100, example = 50),
        ("cursor" = Option<String>, Query, description = "Where the page begins: from the `Link` header of the page before it."),
    ),
    responses(
        (status = 200, description = "A page of users.", body = [UserWithActivity], headers(
            ("Link" = String, description = "`<...>; rel=\"next\"`: the next page, while there is more."),
        )),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn list_users(State(app): State<App>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let filter = Filter {
        email: input.parameter("email", rule::optional_text(rule::SHORT_TEXT)).flatten(),
        role: input.parameter("role", rule::one_of(ROLES)),
    };
    let page = Page::<i32>::read(&mut input, "users");
    input.finish()?;
    let users = user::list(&app.pool, &filter, page.after().copied().unwrap_or(0), page.fetch()).await?;
    Ok(page.respond(users, |one| one.user.id))
}

/// A user
///
/// An account, with what its user has done at the restaurant. The entity tag is the account's alone: bookings do not change it.
#[utoipa::path(
    get,
    path = "/auth/users/{id}",
    operation_id = "get_user",
    tag = "users",
    params(
        ("id" = i32, Path, description = "The user's id.", minimum = 1, example = 42),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags that are known already, or `*`.", example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The user.", body = UserWithActivity, headers(("ETag" = String, description = "The version of the account."))),
        (status = 304, description = "The account is of a version that is known already.",
            headers(("ETag" = String, description = "The version of the account."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn get_user(State(app): State<App>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    let id = input.path_id("id");
    let condition = input.if_none_match();
    input.finish()?;
    let found = user::get_with_activity(&app.pool, id).await?.ok_or_else(no_such_user)?;
    Ok(etag::conditional(condition.as_ref(), etag::of_version(found.user.version), || Json(&found).into_response()))
}

/// Change a user's role
///
/// A role counts from the user's next login on: tokens that were given out before keep theirs until they end.
#[utoipa::path(
    patch,
    path = "/auth/users/{id}",
    operation_id = "update_user",
    tag = "users",
    params(
        ("id" = i32, Path, description = "The user's id.", minimum = 1, example = 42),
        ("If-Match" = Option<String>, Header, description = "Entity tags of the versions that may be changed, or `*`.", example = "\"1\""),
    ),
    request_body(content = UpdateUserRequest, example = json!({"role": "admin"})),
    responses(
        (status = 200, description = "The user.", body = UserWithActivity, headers(("ETag" = String, description = "The version of the account."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn update_user(State(app): State<App>, _: Admin, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let id = input.path_id("id");
    let condition = input.if_match();
    let request = UpdateUserRequest { role: input.patch_required("role", rule::one_of(ROLES)) };
    input.finish()?;
    let user = change(&app, id, condition.as_ref(), no_such_user, |user| user.role = request.role.unwrap_or(user.role)).await?;
    let activity = user::activity(&app.pool, id).await?;
    Ok(tagged(&UserWithActivity { user: user.clone(), activity }, user.version))
}
