//! Why a request is refused, where more than one operation refuses for the reason.

use chassis::http::code;
use chassis::http::problem::Problem;

use crate::codes::{EMAIL_TAKEN, TOO_MANY_ATTEMPTS};
use crate::hashing::HashError;

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { seconds } => {
                Self::new(&code::OVERLOADED, "Too many passwords wait to be checked; try again shortly.").retry_after(seconds)
            }
            HashError::Bcrypt(_) | HashError::Thread(_) => Self::internal(error),
        }
    }
}

/// The bearer of a valid token whose account does not exist.
pub(super) fn nobody() -> Problem {
    Problem::new(&code::UNAUTHENTICATED, "The account of this token does not exist. Log in again.")
}

/// The e-mail address of another account.
pub(super) fn email_taken() -> Problem {
    Problem::new(&EMAIL_TAKEN, "This e-mail address belongs to an account already.")
}

/// Too many wrong passwords. The failures may have become old since they were counted; then a second is enough.
pub(super) fn too_many_attempts(closed_for: Option<i64>) -> Problem {
    let seconds = closed_for.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0).max(1);
    Problem::new(&TOO_MANY_ATTEMPTS, format!("Too many wrong passwords. Try again in {seconds} s.")).retry_after(seconds)
}
