//! `POST /auth/password`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::Caller;
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
pub(super) async fn change_password(State(app): State<App>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<ChangePasswordRequest>();
    let ChangePasswordRequest { current_password, new_password } = input.finish(body)?;
    let subject = Subject::password_of(caller.user_id);
    // Another change at the same time, or a login that replaces the hash, is overwritten only where the current password is still right.
    loop {
        let stored = user::password_hash(&app.pool, caller.user_id).await?.ok_or_else(nobody)?;
        let closed_for = attempt::closed_for(&app.pool, subject).await?;
        if closed_for.is_some() {
            return Err(too_many_attempts(closed_for));
        }
        if app.hasher.compare(current_password.clone(), Some(stored.clone())).await? == Verdict::Wrong {
            if attempt::fail(&app.pool, subject).await? {
                return Err(Problem::new(&WRONG_PASSWORD, "The current password is wrong."));
            }
            return Err(too_many_attempts(attempt::closed_for(&app.pool, subject).await?));
        }
        let closed_for = attempt::succeed(&app.pool, subject).await?;
        if closed_for.is_some() {
            return Err(too_many_attempts(closed_for));
        }
        let hash = app.hasher.hash(new_password.clone()).await?;
        if user::replace_password_hash(&app.pool, caller.user_id, &stored, &hash).await? {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
}
