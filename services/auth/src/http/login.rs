//! `POST /auth/login`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::Caller;
use chassis::http::input::Input;
use chassis::http::problem::Problem;
use chassis::http::text::{SHORT_TEXT, Text, fold};
use chassis::http::value::{Fault, Raw, Ruled, Value};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::App;
use super::refusal::too_many_attempts;
use crate::codes::INVALID_CREDENTIALS;
use crate::hashing::Verdict;
use crate::password::Attempt;
use crate::store::attempt::{self, Login, Subject};
use crate::store::user;
use crate::token::TOKEN_LIFETIME;

chassis::body! {
    /// An e-mail address and a password.
    pub(super) struct LoginRequest {
        /// The account's e-mail address, in any case.
        #[example = "admin@restaurant.com"]
        email: required Text<SHORT_TEXT>,
        /// The account's password.
        #[example = "Admin123!"]
        password: required Attempt,
    }
}

chassis::body! {
    /// The form of OAuth2's password grant (RFC 6749, 4.3.2). Unknown fields are ignored; no field may be given twice.
    pub(super) struct LoginForm {
        /// `password`, where it is given.
        #[example = "password"]
        grant_type: optional GrantType,
        /// The account's e-mail address, in any case.
        #[example = "admin@restaurant.com"]
        username: required Text<SHORT_TEXT>,
        /// The account's password.
        #[example = "Admin123!"]
        password: required Attempt,
    }
}

/// The only grant that this service gives.
#[derive(Clone, Debug)]
struct GrantType;

impl Value for GrantType {
    // RFC 6749, 3.2: a parameter without a value is treated as if it were left out.
    const BLANK_IS_NONE: bool = true;

    fn read(raw: Raw<'_>) -> Ruled<Self> {
        match raw.string()? {
            "password" => Ok(Self),
            _ => Err(Fault::new("not_allowed", "This must be password.")),
        }
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["password"])).into()
    }

    fn schema_or_blank() -> Schema {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["password", ""])).into()
    }
}

/// A token (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse {
    /// A JWT signed with EdDSA. `/.well-known/jwks.json` has the key that verifies it.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl")]
    access_token: String,
    /// How the token is used: `Authorization: Bearer <access_token>`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// How long the token is valid, in seconds.
    #[schema(example = 7200)]
    expires_in: u64,
    /// Whether the password was a one-time password: the token is then good for `POST /auth/password` alone.
    #[schema(example = false)]
    password_change_required: bool,
}

/// The e-mail address and the password, from JSON or from the form.
fn read(input: &mut Input) -> Option<(Text<SHORT_TEXT>, Attempt)> {
    if input.is_form() {
        input.read_form::<LoginForm>().map(|form| (form.username, form.password))
    } else {
        input.read::<LoginRequest>().map(|body| (body.email, body.password))
    }
}

/// Log in
///
/// Takes JSON, or the form of OAuth2's password grant. An unknown e-mail address and a wrong password get the same answer.
/// Ten failed logins within 15 minutes close an e-mail address until the oldest of them is 15 minutes old.
/// A login that succeeds forgets the failures before it. After a login with a one-time password, which an administrator made, nothing but
/// `POST /auth/password` is allowed until the user has chosen their own and logged in with it.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "login",
    tag = "account",
    request_body(content(
        (LoginRequest = "application/json", example = json!({"email": "admin@restaurant.com", "password": "Admin123!"})),
        (LoginForm = "application/x-www-form-urlencoded",
            example = json!({"grant_type": "password", "username": "admin@restaurant.com", "password": "Admin123!"})),
    )),
    responses((status = 200, description = "A token.", body = TokenResponse)),
)]
pub(super) async fn login(State(app): State<App>, mut input: Input) -> Result<Response, Problem> {
    let credentials = read(&mut input);
    let (email, password) = input.finish(credentials)?;
    let caller = log_in(&app, email.as_str(), password).await?;
    let access_token = app.signer.sign(caller);
    let password_change_required = caller.password_change_required;
    Ok(Json(TokenResponse { access_token, token_type: "bearer", expires_in: TOKEN_LIFETIME, password_change_required }).into_response())
}

/// The user of an e-mail address and a password.
///
/// # Errors
/// 401 where there is none, 429 where the address is closed, 503 where too many passwords wait.
pub(crate) async fn log_in(app: &App, email: &str, password: Attempt) -> Result<Caller, Problem> {
    let email = fold(email);
    let Login { id, password_hash, password_change_required, role, closed_for } = attempt::login(&app.pool, &email).await?;
    if closed_for.is_some() {
        return Err(too_many_attempts(closed_for));
    }
    let subject = Subject::login(&email);
    let verdict = app.hasher.compare(password, password_hash.clone()).await?;
    let (Verdict::Right { rehashed }, Some(id), Some(role), Some(password_hash)) = (verdict, id, role, password_hash) else {
        if attempt::fail(&app.pool, subject).await? {
            return Err(Problem::new(&INVALID_CREDENTIALS, "No account has this e-mail address and password."));
        }
        return Err(too_many_attempts(attempt::closed_for(&app.pool, subject).await?));
    };
    let closed_for = attempt::succeed(&app.pool, subject).await?;
    if closed_for.is_some() {
        return Err(too_many_attempts(closed_for));
    }
    if let Some(rehashed) = rehashed {
        // The login succeeds all the same; the next one tries again.
        if let Err(error) = user::replace_password_hash(&app.pool, id, &password_hash, &rehashed).await {
            tracing::warn!(%error, "a password hash of another cost was not replaced");
        }
    }
    Ok(Caller { user_id: id, role, password_change_required: password_change_required.unwrap_or_default() })
}
