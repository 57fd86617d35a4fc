//! `GET` and `PATCH /auth/me`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code;
use chassis::http::identity::Caller;
use chassis::http::old::etag;
use chassis::http::old::input::Input;
use chassis::http::old::rule;
use chassis::http::problem::Problem;
use utoipa::ToSchema;

use super::change::change;
use super::{App, tagged};
use crate::store::user::{self, User};

/// What is to be changed; what is left out stays as it is.
#[derive(ToSchema)]
pub(super) struct UpdateMeRequest {
    /// Must not belong to another account, whatever its case.
    #[schema(value_type = String, required = false, example = "guest@example.com", format = Email, max_length = 255)]
    email: Option<String>,
    /// What the user is called. Blank is `null`.
    #[schema(value_type = Option<String>, example = "Ada Lovelace", max_length = 255)]
    full_name: Option<Option<String>>,
    /// Where the user can be called. Blank is `null`.
    #[schema(value_type = Option<String>, example = "+44 20 7946 0958", max_length = 50)]
    phone: Option<Option<String>>,
}

impl UpdateMeRequest {
    fn read(input: &mut Input) -> Self {
        Self {
            email: input.patch_required("email", rule::email),
            full_name: input.patch("full_name", rule::optional_text(rule::SHORT_TEXT)).map(Option::flatten),
            phone: input.patch("phone", rule::optional_phone).map(Option::flatten),
        }
    }

    fn apply(self, user: &mut User) {
        if let Some(email) = self.email {
            user.email = email;
        }
        if let Some(full_name) = self.full_name {
            user.full_name = full_name;
        }
        if let Some(phone) = self.phone {
            user.phone = phone;
        }
    }
}

/// The bearer of a valid token whom the database does not know (any more).
pub(super) fn nobody() -> Problem {
    Problem::new(&code::UNAUTHENTICATED, "The account of this token does not exist any more; log in again.")
}

/// One's own account
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "get_me",
    tag = "account",
    description = "The account of the bearer of the token.",
    params(("If-None-Match" = Option<String>, Header, description = "Entity tags that are known already, or `*`.", example = "\"1\"")),
    responses(
        (status = 200, description = "The account.", body = User, headers(("ETag" = String, description = "The version of the account."))),
        (status = 304, description = "The account is of a version that is known already.",
            headers(("ETag" = String, description = "The version of the account."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn get_me(State(app): State<App>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    let condition = input.if_none_match();
    input.finish()?;
    let user = user::get(&app.pool, caller.user_id.get()).await?.ok_or_else(nobody)?;
    Ok(etag::conditional(condition.as_ref(), etag::of_version(user.version), || Json(&user).into_response()))
}

/// Change one's own account
#[utoipa::path(
    patch,
    path = "/auth/me",
    operation_id = "update_me",
    tag = "account",
    description = "Changes e-mail address, name and phone; what is left out stays. A change that changes nothing makes no new version.",
    params(("If-Match" = Option<String>, Header, description = "Entity tags of the versions that may be changed, or `*`.", example = "\"1\"")),
    request_body(
        content = UpdateMeRequest,
        examples(
            ("name" = (summary = "Another name, no phone", value = json!({"full_name": "Ada King", "phone": null}))),
            ("email" = (summary = "Another e-mail address", value = json!({"email": "ada@example.com"}))),
        ),
    ),
    responses(
        (status = 200, description = "The account.", body = User, headers(("ETag" = String, description = "The version of the account."))),
    ),
    security(("bearer" = []), ("password" = [])),
)]
pub(super) async fn update_me(State(app): State<App>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let condition = input.if_match();
    let request = UpdateMeRequest::read(&mut input);
    input.finish()?;
    let user = change(&app, caller.user_id.get(), condition.as_ref(), nobody, |user| request.apply(user)).await?;
    Ok(tagged(&user, user.version))
}

#[cfg(test)]
mod tests {
    use chassis::http::identity::Role;
    use jiff::Timestamp;

    use super::super::given;
    use super::*;

    async fn read(body: &'static str) -> (UpdateMeRequest, Result<(), Problem>) {
        given::body("application/json", body, UpdateMeRequest::read).await
    }

    async fn changed(body: &'static str) -> (String, Option<String>, Option<String>) {
        let mut user = User {
            id: 1,
            email: "a@b.co".into(),
            full_name: Some("Ada".into()),
            phone: Some("12345".into()),
            role: Role::User,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let (request, finished) = read(body).await;
        finished.expect(body);
        request.apply(&mut user);
        (user.email, user.full_name, user.phone)
    }

    #[tokio::test]
    async fn what_is_left_out_stays_and_null_or_blank_removes() {
        let of =
            |email: &str, name: Option<&str>, phone: Option<&str>| (email.to_owned(), name.map(str::to_owned), phone.map(str::to_owned));
        assert_eq!(changed("{}").await, of("a@b.co", Some("Ada"), Some("12345")));
        assert_eq!(changed(r#"{"full_name": null, "phone": "  "}"#).await, of("a@b.co", None, None));
        assert_eq!(changed(r#"{"email": "A@B.co", "full_name": " Ada King "}"#).await, of("A@B.co", Some("Ada King"), Some("12345")));
    }

    #[tokio::test]
    async fn role_password_and_a_null_address_are_refused() {
        let problem = read(r#"{"email": null, "role": "admin", "password": "12345678"}"#).await.1.expect_err("refused");
        assert_eq!(problem.errors().iter().map(|error| error.code).collect::<Vec<_>>(), ["null", "unknown", "unknown"]);
    }
}
