//! The problem codes that are the service's own.

use chassis::http::code::Code;

/// 409: the e-mail address belongs to another account.
pub static EMAIL_TAKEN: Code =
    Code::new("email_taken", 409, "E-mail taken", "The e-mail address belongs to an account already; its case makes no difference.");
/// 401: no account has this e-mail address and password.
pub static INVALID_CREDENTIALS: Code = Code::new(
    "invalid_credentials",
    401,
    "Invalid credentials",
    "No account has this e-mail address and password; which of the two is wrong is not told.",
);
/// 403: the current password is not the one given.
pub static WRONG_PASSWORD: Code =
    Code::new("wrong_password", 403, "Wrong password", "The current password is not the one given; the password is not changed.");
/// 429: too many failed logins for an e-mail address.
pub static TOO_MANY_ATTEMPTS: Code = Code::new(
    "too_many_attempts",
    429,
    "Too many attempts",
    "Ten logins for this e-mail address failed within 15 minutes: until the oldest of them is 15 minutes old none succeeds, whatever the password.",
);

/// All of them.
pub static OWN: &[&Code] = &[&EMAIL_TAKEN, &INVALID_CREDENTIALS, &WRONG_PASSWORD, &TOO_MANY_ATTEMPTS];
