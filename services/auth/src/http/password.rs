//! `POST /auth/password`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::{AnyCaller, UserId};
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;

use super::App;
use super::refusal::{nobody, too_many_attempts};
use crate::codes::WRONG_PASSWORD;
use crate::hashing::Verdict;
use crate::password::{Attempt, Password};
use crate::store::attempt::{self, Subject};
use crate::store::user;

chassis::body! {
    /// The current password and a new one.
    pub(super) struct ChangePasswordRequest {
        /// The password that the account has now.
        #[example = "Admin123!"]
        current_password: required Attempt,
        /// At least 8 characters, and at most 72 bytes in UTF-8. It is taken as it is, with the spaces around it.
        #[example = "Admin123!"]
        new_password: required Password,
    }
}

/// Change my password
///
/// Needs the current password. Tokens that were issued before stay valid until they expire.
/// Ten wrong passwords within 15 minutes close this for the account until the oldest of them is 15 minutes old.
#[utoipa::path(
    post,
    path = "/auth/password",
    operation_id = "change_password",
    tag = "account",
    request_body(content = ChangePasswordRequest, example = json!({"current_password": "Admin123!", "new_password": "Admin123!"})),
    responses((status = 204, description = "The password is changed.")),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn change_password(State(app): State<App>, AnyCaller(caller): AnyCaller, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<ChangePasswordRequest>();
    let ChangePasswordRequest { current_password, new_password } = input.finish(body)?;
    change(&app, caller.user_id, current_password, new_password).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Gives a user the password that they chose.
///
/// # Errors
/// 403 where the current one is wrong, 422 where it is a one-time password that should stay, 429 after too many wrong ones, 503 where too
/// many passwords wait.
pub(crate) async fn change(app: &App, user_id: UserId, current: Attempt, new: Password) -> Result<(), Problem> {
    let subject = Subject::password_of(user_id);
    // Another change at the same time, or a login that replaces the hash, is overwritten only where the current password is still right.
    loop {
        let (stored, one_time) = user::password(&app.pool, user_id).await?.ok_or_else(nobody)?;
        let closed_for = attempt::closed_for(&app.pool, subject).await?;
        if closed_for.is_some() {
            return Err(too_many_attempts(closed_for));
        }
        if app.hasher.compare(current.clone(), Some(stored.clone())).await? == Verdict::Wrong {
            if attempt::fail(&app.pool, subject).await? {
                return Err(Problem::new(&WRONG_PASSWORD, "The current password is wrong."));
            }
            return Err(too_many_attempts(attempt::closed_for(&app.pool, subject).await?));
        }
        let closed_for = attempt::succeed(&app.pool, subject).await?;
        if closed_for.is_some() {
            return Err(too_many_attempts(closed_for));
        }
        if one_time && current.expose() == new.expose() {
            return Err(Problem::member("new_password", "not_allowed", "A one-time password is used once. Choose another one."));
        }
        let hash = app.hasher.hash(new.clone()).await?;
        if user::change_password(&app.pool, user_id, &stored, &hash).await? {
            return Ok(());
        }
    }
}
