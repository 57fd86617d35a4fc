//! `POST /auth/password`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::Caller;
use chassis::http::old::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;
use utoipa::ToSchema;

use super::App;
use super::me::nobody;
use crate::codes::WRONG_PASSWORD;
use crate::hashing::Verdict;
use crate::password::{Attempt, Password, attempt, new_password};
use crate::store::user;

/// A new password, and the current one.
#[derive(ToSchema)]
pub(super) struct ChangePasswordRequest {
    /// The password that the account has now.
    #[schema(value_type = String, example = "correct horse", format = Password, write_only)]
    current_password: Attempt,
    /// 8 characters at least, 72 bytes in UTF-8 at most. It is taken as it is, with the spaces around it.
    #[schema(value_type = String, example = "battery staple", format = Password, min_length = 8, max_length = 72, write_only)]
    new_password: Password,
}

/// Change one's own password
///
/// Needs the current password. Tokens that were given out before stay good until they end.
#[utoipa::path(
    post,
    path = "/auth/password",
    operation_id = "change_password",
    tag = "account",
    request_body(content = ChangePasswordRequest, example = json!({"current_password": "correct horse", "new_password": "battery staple"})),
    responses((status = 204, description = "The password is changed.")),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn change_password(State(app): State<App>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let request = ChangePasswordRequest {
        current_password: input.required("current_password", attempt),
        new_password: input.required("new_password", new_password),
    };
    input.finish()?;
    // Whoever changes it at the same time, or replaces its hash when logging in, is overtaken only if the current password is still right.
    loop {
        let stored = user::password_hash(&app.pool, caller.user_id.get()).await?.ok_or_else(nobody)?;
        if app.hasher.compare(request.current_password.clone(), Some(stored.clone())).await? == Verdict::Wrong {
            return Err(Problem::new(&WRONG_PASSWORD, "The current password is another one; the password is not changed."));
        }
        let hash = app.hasher.hash(request.new_password.clone()).await?;
        if user::replace_password_hash(&app.pool, caller.user_id.get(), &stored, &hash).await? {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
}
