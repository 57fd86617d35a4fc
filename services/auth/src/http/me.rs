//! `GET` and `PATCH /auth/me`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::etag::{self, Conditions};
use chassis::http::identity::Caller;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use chassis::http::text::{Email, Name, Phone};

use super::refusal::{email_taken, nobody};
use super::{App, tagged};
use crate::events;
use crate::store::user::{self, User};

chassis::body! {
    /// A change of the own account. A field that is left out stays as it is.
    pub(super) struct UpdateMeRequest {
        /// Must not belong to another account. Addresses that differ in case only are the same.
        #[example = "guest@example.com"]
        email: change Email,
        /// The user's name. `null` or blank text removes it.
        #[example = "Ada Lovelace"]
        full_name: clear Name,
        /// The user's phone number. `null` or blank text removes it.
        #[example = "+44 20 7946 0958"]
        phone: clear Phone,
    }
}

impl UpdateMeRequest {
    /// The user as the change leaves them.
    fn apply(&self, mut user: User) -> User {
        if let Some(email) = &self.email {
            email.as_str().clone_into(&mut user.email);
        }
        if let Some(full_name) = &self.full_name {
            user.full_name = full_name.as_ref().map(|name| name.as_str().to_owned());
        }
        if let Some(phone) = &self.phone {
            user.phone = phone.as_ref().map(|phone| phone.as_str().to_owned());
        }
        user
    }
}

/// Get my account
///
/// The account of the caller.
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "get_me",
    tag = "account",
    params(Conditions),
    responses(
        (status = 200, description = "The account.", body = User, headers(("ETag" = String, description = "The version of the account."))),
        (status = 304, description = "`If-None-Match` names the current version.",
            headers(("ETag" = String, description = "The version of the account."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn get_me(State(app): State<App>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let conditions = input.conditions();
    let conditions = input.finish(conditions)?;
    let user = user::get(&app.pool, caller.user_id).await?.ok_or_else(nobody)?;
    conditions.read(etag::of_version(user.version), || Json(&user).into_response())
}

/// Change my account
///
/// Changes e-mail address, name and phone number. A change that changes nothing makes no new version.
#[utoipa::path(
    patch,
    path = "/auth/me",
    operation_id = "update_me",
    tag = "account",
    params(Conditions),
    request_body(
        content = UpdateMeRequest,
        examples(
            ("name" = (summary = "Another name and phone number", value = json!({"full_name": "Ada King", "phone": "+44 20 7946 0321"}))),
            ("new_address" = (summary = "Another e-mail address", value = json!({"email": "ada.king@example.com"}))),
            ("no_phone" = (summary = "No phone number any more", value = json!({"phone": null}))),
        ),
    ),
    responses(
        (status = 200, description = "The account.", body = User, headers(("ETag" = String, description = "The version of the account."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn update_me(State(app): State<App>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let (conditions, body) = (input.conditions(), input.read::<UpdateMeRequest>());
    let (conditions, body) = input.finish((conditions, body))?;
    let mut transaction = app.pool.begin().await?;
    let current = user::lock(&mut transaction, caller.user_id).await?.ok_or_else(nobody)?;
    conditions.check_version(current.version)?;
    let wanted = body.apply(current.clone());
    if wanted == current {
        return Ok(tagged(&current, current.version));
    }
    if let Some(email) = body.email.filter(|email| email.as_str() != current.email)
        && !user::take_email(&mut transaction, current.id, &email).await?
    {
        return Err(email_taken());
    }
    let user = user::update_profile(&mut transaction, &wanted).await?;
    app.outbox.write(&mut transaction, &events::updated(&user)).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(tagged(&user, user.version))
}
