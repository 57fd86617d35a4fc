//! The stable codes of problems: one list a service, held against `docs/problems.md` by a test.

/// A kind of problem that a client may be told of: what it is called, and the status that goes with it.
///
/// The `type` of its RFC 9457 document is `urn:restaurant-booking:problem:<code>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `snake_case`, and never changed once released.
    pub code: &'static str,
    /// The HTTP status code.
    pub status: u16,
    /// A short summary, the same for every occurrence (RFC 9457, 3.1.3).
    pub title: &'static str,
    /// When it occurs, for the documentation.
    pub meaning: &'static str,
}

impl Code {
    /// Declares a code.
    pub const fn new(code: &'static str, status: u16, title: &'static str, meaning: &'static str) -> Self {
        Self { code, status, title, meaning }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal, $meaning:literal;)*) => {
        $($(#[$doc])* pub static $name: Code = Code::new($code, $status, $title, $meaning);)*

        /// The codes that any service may answer with.
        pub static COMMON: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    /// 400: the body cannot be read at all.
    MALFORMED_BODY = "malformed_body", 400, "Malformed body", "The body is not JSON, or not UTF-8.";
    /// 400: the `Host` header is missing, repeated, or no host.
    INVALID_HOST = "invalid_host", 400, "Invalid host", "The request has no `Host` header, more than one, or one that is no host.";
    /// 401: no valid token.
    UNAUTHENTICATED = "unauthenticated", 401, "Not authenticated", "The request has no bearer token, or one that is not valid (any more).";
    /// 403: a valid token whose role is not enough.
    FORBIDDEN = "forbidden", 403, "Forbidden", "The role of the caller does not allow the request.";
    /// 403: a token of a one-time password.
    PASSWORD_CHANGE_REQUIRED = "password_change_required", 403, "Password change required", "The caller logged in with a one-time password, and may do nothing but choose their own: `POST /auth/password`.";
    /// 404: no such path, or nothing of that id that the caller may see.
    NOT_FOUND = "not_found", 404, "Not found", "There is nothing here, or nothing that the caller may know of.";
    /// 405: the path has no such method.
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "Method not allowed", "The path does not have this method; `Allow` lists those it has.";
    /// 408: the client does not send the rest of the body.
    REQUEST_TIMEOUT = "request_timeout", 408, "Request timeout", "The body of the request did not come within 10 s.";
    /// 412: `If-Match` or `If-None-Match` did not hold.
    PRECONDITION_FAILED = "precondition_failed", 412, "Precondition failed", "`If-Match` names another version than the current one.";
    /// 413: the body is over 64 KiB.
    BODY_TOO_LARGE = "body_too_large", 413, "Body too large", "The body is larger than 64 KiB.";
    /// 415: the content type is not one that the path takes.
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "Unsupported media type", "The `Content-Type` is not one that the path takes.";
    /// 422: the input breaks a rule; `errors` lists every one.
    VALIDATION_FAILED = "validation_failed", 422, "Validation failed", "The input breaks a rule; `errors` lists every field of body, query, path and headers that does.";
    /// 500: a fault of the service.
    INTERNAL_ERROR = "internal_error", 500, "Internal error", "A fault of the service. The log has its cause under the request id that stands in `instance`.";
    /// 503: more work than the service takes on.
    OVERLOADED = "overloaded", 503, "Overloaded", "The service has more work than it takes on; try again after `Retry-After` seconds.";
    /// 503: something that the service needs cannot be reached.
    UNAVAILABLE = "unavailable", 503, "Unavailable", "The service starts, or cannot reach its database; try again after `Retry-After` seconds.";
}
