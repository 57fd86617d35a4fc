//! `POST /auth/login`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::TOKEN_LIFETIME;
use chassis::http::old::input::Input;
use chassis::http::old::rule;
use chassis::http::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::codes::{INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS};
use crate::hashing::Verdict;
use crate::password::{Attempt, attempt};
use crate::store::login::{self, Account};
use crate::store::user;

/// Who logs in.
#[derive(ToSchema)]
pub(super) struct LoginRequest {
    /// The account's e-mail address, in any case.
    #[schema(example = "guest@example.com", max_length = 255)]
    email: String,
    /// The account's password.
    #[schema(value_type = String, example = "correct horse", format = Password, write_only)]
    password: Attempt,
}

/// The form of OAuth2's password grant (RFC 6749, 4.3.2). Members that are not listed are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is only described; what it says becomes a LoginRequest")]
pub(super) struct LoginForm {
    /// `password`, if it is there.
    #[schema(value_type = String, required = false, example = "password", pattern = "^password$")]
    grant_type: Option<String>,
    /// The account's e-mail address, in any case.
    #[schema(example = "guest@example.com", max_length = 255)]
    username: String,
    /// The account's password.
    #[schema(example = "correct horse", format = Password, write_only)]
    password: String,
}

/// A token (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
pub(super) struct TokenResponse {
    /// A JWT signed with EdDSA; `/.well-known/jwks.json` has the key that verifies it.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl")]
    access_token: String,
    /// How the token is used: `Authorization: Bearer <access_token>`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// For how many seconds it is good.
    #[schema(example = 7200)]
    expires_in: u64,
}

static GRANT_TYPES: &[(&str, ())] = &[("password", ())];

impl LoginRequest {
    fn read(input: &mut Input) -> Self {
        let form = input.is_form();
        let email = input.required(if form { "username" } else { "email" }, rule::text(rule::SHORT_TEXT));
        let password = input.required("password", attempt);
        if form {
            input.patch("grant_type", rule::one_of(GRANT_TYPES));
            input.ignore_rest_of_body();
        }
        Self { email, password }
    }
}

/// Log in
///
/// Takes JSON, or the form of OAuth2's password grant. An e-mail address that is not known and a wrong password are answered alike.
/// After ten failed logins within 15 minutes an e-mail address is closed until the oldest of them is 15 minutes old;
/// a login that succeeds forgets those before it.
#[utoipa::path(
    post,
    path = "/auth/login",
    operation_id = "login",
    tag = "account",
    request_body(content(
        (LoginRequest = "application/json", example = json!({"email": "guest@example.com", "password": "correct horse"})),
        (LoginForm = "application/x-www-form-urlencoded",
            example = json!({"grant_type": "password", "username": "guest@example.com", "password": "correct horse"})),
    )),
    responses((status = 200, description = "A token.", body = TokenResponse)),
)]
pub(super) async fn login(State(app): State<App>, mut input: Input) -> Result<Response, Problem> {
    input.json_or_form_body()?;
    let LoginRequest { email, password } = LoginRequest::read(&mut input);
    input.finish()?;
    let Account { id, password_hash, role, closed_for } = login::account(&app.pool, &email).await?;
    if closed_for.is_some() {
        return Err(too_many_attempts(closed_for));
    }
    let verdict = app.hasher.compare(password, password_hash.clone()).await?;
    let (Verdict::Right { rehashed }, Some(id), Some(role), Some(password_hash)) = (verdict, id, role, password_hash) else {
        if login::fail(&app.pool, &email).await? {
            return Err(Problem::new(&INVALID_CREDENTIALS, "No account has this e-mail address and password."));
        }
        return Err(too_many_attempts(login::closed_for(&app.pool, &email).await?));
    };
    let closed_for = login::succeed(&app.pool, &email).await?;
    if closed_for.is_some() {
        return Err(too_many_attempts(closed_for));
    }
    if let Some(rehashed) = rehashed {
        // The login succeeds all the same; the next one tries again.
        if let Err(error) = user::replace_password_hash(&app.pool, id, &password_hash, &rehashed).await {
            tracing::warn!(%error, "a hash of another cost was not replaced");
        }
    }
    let access_token = app.signer.sign(id, role).map_err(Problem::internal)?;
    Ok(Json(TokenResponse { access_token, token_type: "bearer", expires_in: TOKEN_LIFETIME }).into_response())
}

fn too_many_attempts(closed_for: Option<i64>) -> Problem {
    let seconds = closed_for.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(1).max(1);
    Problem::new(&TOO_MANY_ATTEMPTS, format!("Too many logins failed for this e-mail address; try again in {seconds} seconds."))
        .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::super::given;
    use super::*;

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    #[tokio::test]
    async fn json_and_the_oauth2_form_say_the_same() {
        for (content_type, body) in [
            (JSON, r#"{"email": " a@b.co ", "password": " secret "}"#),
            (FORM, "username=a%40b.co&password=+secret+"),
            (FORM, "grant_type=password&username=a%40b.co&password=+secret+&scope=&client_id=x&client_secret="),
        ] {
            let (read, finished) = given::body(content_type, body, LoginRequest::read).await;
            assert!(finished.is_ok(), "{body}: {finished:?}");
            assert_eq!((read.email.as_str(), read.password.as_str()), ("a@b.co", " secret "), "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_blank_missing_or_of_another_grant_is_refused() {
        for (content_type, body, faults) in [
            (JSON, r#"{"email": " ", "password": ""}"#, 2),
            (JSON, r#"{"username": "a@b.co", "password": "x"}"#, 2),
            (JSON, r#"{"email": null, "password": 5}"#, 2),
            (FORM, "email=a%40b.co", 2),
            (FORM, "grant_type=client_credentials&username=a&password=b", 1),
        ] {
            let problem = given::body(content_type, body, LoginRequest::read).await.1.expect_err(body);
            assert_eq!((problem.code().code, problem.errors().len()), ("validation_failed", faults), "{body}: {problem:?}");
        }
    }
}
