//! `POST /auth/users` and `POST /auth/users/{id}/password`: administrators make accounts for the staff, and help those who forgot their password.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::{Role, UserId};
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::administrator::Administrator;
use super::refusal::email_taken;
use super::{App, tagged};
use crate::events;
use crate::password::Password;
use crate::store::administrator;
use crate::store::user::{self, NewUser, User};

chassis::words! {
    /// The role of somebody who works for the restaurant.
    pub(crate) enum StaffRole {
        /// May do everything of the day: bookings, walk-ins, blocks, exceptions from the hours, the pause.
        Host = "host",
        /// May do everything.
        Admin = "admin",
    }
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Host => Self::Host,
            StaffRole::Admin => Self::Admin,
        }
    }
}

chassis::body! {
    /// A new account for somebody who works for the restaurant.
    pub(crate) struct CreateUserRequest {
        /// Must not belong to another account. Addresses that differ in case only are the same.
        #[example = "rosa@restaurant.com"]
        pub(crate) email: required Email,
        /// Their name, which the others on the floor read.
        #[example = "Rosa Bianchi"]
        pub(crate) full_name: required Name,
        /// The role, which decides what they may do.
        #[example = "host"]
        pub(crate) role: required StaffRole,
    }
}

/// A new account, and the password with which its user logs in for the first time.
#[derive(Serialize, ToSchema)]
struct CreatedUserResponse {
    #[serde(flatten)]
    user: User,
    /// Shown this once. After a login with it nothing is allowed but to choose another one.
    #[schema(example = "k7mp-2xqf-9rtd")]
    one_time_password: String,
}

/// A one-time password.
#[derive(Serialize, ToSchema)]
struct OneTimePasswordResponse {
    /// Shown this once. After a login with it nothing is allowed but to choose another one.
    #[schema(example = "k7mp-2xqf-9rtd")]
    one_time_password: String,
}

/// Add a staff account
///
/// Makes an account for a host or another administrator, with a one-time password that is shown this once. Guests make their accounts
/// themselves.
#[utoipa::path(
    post,
    path = "/auth/users",
    operation_id = "create_user",
    tag = "users",
    request_body(content = CreateUserRequest, example = json!({"email": "rosa@restaurant.com", "full_name": "Rosa Bianchi", "role": "host"})),
    responses(
        (status = 201, description = "The account.", body = CreatedUserResponse, headers(
            ("Location" = String, description = "The path of the account, `/auth/users/{id}`."),
            ("ETag" = String, description = "The version of the account."),
        )),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn create_user(State(app): State<App>, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<CreateUserRequest>();
    let body = input.finish(body)?;
    let (user, one_time_password) = make(&app, &actor, &body).await?;
    let (version, location) = (user.version, (header::LOCATION, format!("/auth/users/{}", user.id)));
    Ok((StatusCode::CREATED, [location], tagged(&CreatedUserResponse { user, one_time_password }, version)).into_response())
}

/// Make a one-time password
///
/// For a user who forgot theirs. The one that they had is good for nothing any more, and their failed logins are forgotten; tokens that were
/// issued before stay valid until they expire.
#[utoipa::path(
    post,
    path = "/auth/users/{id}/password",
    operation_id = "reset_password",
    tag = "users",
    params(UserId),
    responses((status = 200, description = "The password.", body = OneTimePasswordResponse)),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn reset_password(State(app): State<App>, actor: Administrator, mut input: Input) -> Result<Response, Problem> {
    let id = input.id::<UserId>();
    let id = input.finish(id)?;
    let one_time_password = reset(&app, &actor, id).await?;
    Ok(Json(OneTimePasswordResponse { one_time_password }).into_response())
}

/// Makes an account, and gives its one-time password.
///
/// # Errors
/// 403 where the actor is no administrator any more, 409 where the address belongs to an account, 503 where too many passwords wait.
pub(crate) async fn make(app: &App, actor: &Administrator, wanted: &CreateUserRequest) -> Result<(User, String), Problem> {
    let password = one_time_password();
    let hash = app.hasher.hash(Password::made(&password)).await?;
    let (mut transaction, _) = actor.begin(app).await?;
    let new = NewUser {
        email: &wanted.email,
        password_hash: &hash,
        full_name: Some(&wanted.full_name),
        phone: None,
        role: wanted.role.into(),
        password_change_required: true,
    };
    let user = user::insert(&mut transaction, &new).await?.ok_or_else(email_taken)?;
    app.outbox.write(&mut transaction, &events::registered(&user)).await?;
    transaction.commit().await?;
    app.outbox.wake();
    tracing::info!(user_id = %user.id, by = %actor.0, role = user.role.as_str(), "an account for the staff is made");
    Ok((user, password))
}

/// Gives a user a one-time password.
///
/// # Errors
/// 403 where the actor is no administrator any more, 404, 503 where too many passwords wait.
pub(crate) async fn reset(app: &App, actor: &Administrator, id: UserId) -> Result<String, Problem> {
    let password = one_time_password();
    let hash = app.hasher.hash(Password::made(&password)).await?;
    let (mut transaction, _) = actor.begin(app).await?;
    if !administrator::reset_password(&mut transaction, id, &hash).await? {
        return Err(Problem::not_found("user"));
    }
    transaction.commit().await?;
    tracing::info!(user_id = %id, by = %actor.0, "a user has a one-time password");
    Ok(password)
}

/// A password to be said or written down: 12 characters of Crockford's base 32 in three groups, 60 bits.
fn one_time_password() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    let characters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_one_time_password_is_three_groups_and_another_each_time() {
        let passwords: std::collections::HashSet<_> = (0..1000).map(|_| super::one_time_password()).collect();
        assert_eq!(passwords.len(), 1000);
        assert!(passwords.iter().all(|password| password.split('-').map(str::len).eq([4, 4, 4])));
    }
}
