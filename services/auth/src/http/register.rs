//! `POST /auth/register`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::Role;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name, Phone};
use http::{StatusCode, header};

use super::refusal::email_taken;
use super::{App, tagged};
use crate::events;
use crate::password::Password;
use crate::store::user::{self, NewUser, User};

chassis::body! {
    /// A new account.
    pub(super) struct RegisterRequest {
        /// Must not belong to another account. Addresses that differ in case only are the same.
        #[example = "guest@example.com"]
        email: required Email,
        /// At least 8 characters, and at most 72 bytes in UTF-8. It is taken as it is, with the spaces around it.
        #[example = "correct horse"]
        password: required Password,
        /// The user's name. Blank text is taken as `null`.
        #[example = "Ada Lovelace"]
        full_name: optional Name,
        /// The user's phone number. Blank text is taken as `null`.
        #[example = "+44 20 7946 0958"]
        phone: optional Phone,
    }
}

/// Register
///
/// Makes an account with the role `user`.
#[utoipa::path(
    post,
    path = "/auth/register",
    operation_id = "register",
    tag = "account",
    request_body(
        content = RegisterRequest,
        examples(
            ("all" = (summary = "With name and phone number", value = json!({
                "email": "guest@example.com", "password": "correct horse", "full_name": "Ada Lovelace", "phone": "+44 20 7946 0958"}))),
            ("required" = (summary = "With the required fields", value = json!({"email": "guest@example.com", "password": "correct horse"}))),
        ),
    ),
    responses(
        (status = 201, description = "The account.", body = User, headers(
            ("Location" = String, description = "The path of the account for administrators, `/auth/users/{id}`. Its user reads it at `/auth/me`."),
            ("ETag" = String, description = "The version of the account."),
        )),
    ),
)]
pub(super) async fn register(State(app): State<App>, mut input: Input) -> Result<Response, Problem> {
    let body = input.read::<RegisterRequest>();
    let RegisterRequest { email, password, full_name, phone } = input.finish(body)?;
    // Before it is known whether the address is free, so that finding out costs as much as registering.
    let hash = app.hasher.hash(password).await?;
    let mut transaction = app.pool.begin().await?;
    let new = NewUser {
        email: &email,
        password_hash: &hash,
        full_name: full_name.as_ref(),
        phone: phone.as_ref(),
        role: Role::User,
        password_change_required: false,
    };
    let inserted = user::insert(&mut transaction, &new).await?;
    let user = inserted.ok_or_else(email_taken)?;
    app.outbox.write(&mut transaction, &events::registered(&user)).await?;
    transaction.commit().await?;
    app.outbox.wake();
    let location = (header::LOCATION, format!("/auth/users/{}", user.id));
    Ok((StatusCode::CREATED, [location], tagged(&user, user.version)).into_response())
}
