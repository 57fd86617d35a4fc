//! `POST /auth/register`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::old::input::Input;
use chassis::http::old::rule;
use chassis::http::problem::Problem;
use http::{StatusCode, header};
use utoipa::ToSchema;

use super::{App, tagged};
use crate::event;
use crate::password::{Password, new_password};
use crate::store::user::{self, User};

/// A new account.
#[derive(ToSchema)]
pub(super) struct RegisterRequest {
    /// Must not belong to another account, whatever its case.
    #[schema(example = "guest@example.com", format = Email, max_length = 255)]
    email: String,
    /// 8 characters at least, 72 bytes in UTF-8 at most. It is taken as it is, with the spaces around it.
    #[schema(value_type = String, example = "correct horse", format = Password, min_length = 8, max_length = 72, write_only)]
    password: Password,
    /// What the user is called. Blank is `null`.
    #[schema(example = "Ada Lovelace", max_length = 255)]
    full_name: Option<String>,
    /// Where the user can be called. Blank is `null`.
    #[schema(example = "+44 20 7946 0958", max_length = 50)]
    phone: Option<String>,
}

impl RegisterRequest {
    fn read(input: &mut Input) -> Self {
        Self {
            email: input.required("email", rule::email),
            password: input.required("password", new_password),
            full_name: input.optional("full_name", rule::optional_text(rule::SHORT_TEXT)),
            phone: input.optional("phone", rule::optional_phone),
        }
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
            ("whole" = (summary = "With name and phone", value = json!({
                "email": "guest@example.com", "password": "correct horse", "full_name": "Ada Lovelace", "phone": "+44 20 7946 0958"}))),
            ("least" = (summary = "With what is needed", value = json!({"email": "guest@example.com", "password": "correct horse"}))),
        ),
    ),
    responses(
        (status = 201, description = "The account.", body = User, headers(
            ("Location" = String, description = "The account, `/auth/users/{id}`, as administrators find it; its user has it at `/auth/me`."),
            ("ETag" = String, description = "The version of the account."),
        )),
    ),
)]
pub(super) async fn register(State(app): State<App>, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let RegisterRequest { email, password, full_name, phone } = RegisterRequest::read(&mut input);
    input.finish()?;
    let hash = app.hasher.hash(password).await?;
    let mut transaction = app.pool.begin().await?;
    let user = user::insert(&mut transaction, &email, &hash, full_name.as_deref(), phone.as_deref()).await?;
    app.outbox.write(&mut transaction, &event::registered(&user)).await?;
    transaction.commit().await?;
    app.outbox.wake();
    let location = (header::LOCATION, format!("/auth/users/{}", user.id));
    Ok((StatusCode::CREATED, [location], tagged(&user, user.version)).into_response())
}
