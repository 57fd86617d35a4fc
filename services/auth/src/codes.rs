//! The problem codes that are the service's own.

use chassis::http::code::Code;

/// 409: the e-mail address belongs to another account.
pub static EMAIL_TAKEN: Code = Code::new(
    "email_taken",
    409,
    "E-mail address taken",
    "The e-mail address belongs to an account already. Addresses that differ in case only are the same.",
);
/// 409: the only administrator would lose the role.
pub static LAST_ADMINISTRATOR: Code = Code::new(
    "last_administrator",
    409,
    "Last administrator",
    "The user is the only administrator and keeps the role, since nobody else could give it to anyone. Appoint another administrator first.",
);
/// 401: no account has this e-mail address and password.
pub static INVALID_CREDENTIALS: Code = Code::new(
    "invalid_credentials",
    401,
    "Invalid credentials",
    "No account has this e-mail address and password. The answer does not tell which of the two is wrong.",
);
/// 403: the current password is not the one given.
pub static WRONG_PASSWORD: Code =
    Code::new("wrong_password", 403, "Wrong password", "The current password is wrong. The password is not changed.");
/// 429: too many wrong passwords.
pub static TOO_MANY_ATTEMPTS: Code = Code::new(
    "too_many_attempts",
    429,
    "Too many attempts",
    "Ten wrong passwords were given within 15 minutes, to log in with this e-mail address or to change the password of this account. \
     Until the oldest of them is 15 minutes old, no password is accepted here, not even the right one.",
);

/// All of them.
pub static OWN: &[&Code] = &[&EMAIL_TAKEN, &LAST_ADMINISTRATOR, &INVALID_CREDENTIALS, &WRONG_PASSWORD, &TOO_MANY_ATTEMPTS];
