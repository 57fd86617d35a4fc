//! The administrator who is made at the first start, and how later starts still know the password.

use crate::data::{self, Data};

/// The name of the secret.
const SECRET: &str = "administrator";

/// An e-mail address and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { email: auth::config::ADMIN_EMAIL.to_owned(), password: "Admin123!".to_owned() }
    }
}

/// What is known of the administrator.
#[derive(Clone)]
pub struct Administrator {
    /// With what the account was made.
    pub credentials: Credentials,
    /// Whether it was made by an earlier start, so that the password may have been changed since.
    pub earlier: bool,
}

impl Administrator {
    /// The administrator of the data: the one that an earlier start made, whatever is `given` now,
    /// unless the database is `fresh`, so that there is none yet.
    ///
    /// # Errors
    /// When the secret cannot be read or written.
    pub(crate) fn of(data: &Data, fresh: bool, given: &Credentials) -> Result<Self, data::Error> {
        let as_given = format!("{}\n{}", given.email, given.password).into_bytes();
        if fresh {
            // What a start has left that came no further is of no interest.
            data.replace_secret(SECRET, &as_given)?;
            return Ok(Self { credentials: given.clone(), earlier: false });
        }
        let kept = data.secret(SECRET, || as_given)?;
        let kept = String::from_utf8_lossy(&kept);
        // An address has no line break, and a password may have one.
        let (email, password) = kept.split_once('\n').unwrap_or((&kept, ""));
        Ok(Self { credentials: Credentials { email: email.to_owned(), password: password.to_owned() }, earlier: true })
    }
}

#[cfg(test)]
mod tests {
    use super::{Administrator, Credentials};
    use crate::data::{Data, Place};

    #[test]
    fn the_start_that_makes_the_database_decides() {
        let data = Data::open(&Place::Ephemeral).expect("a directory");
        let chef = Credentials { email: "chef@example.com".into(), password: " line\nbreak ".into() };
        let default = Credentials::default();
        for (fresh, given, expected) in [(true, &default, &default), (true, &chef, &chef), (false, &default, &chef)] {
            let administrator = Administrator::of(&data, fresh, given).expect("kept");
            assert_eq!(administrator.earlier, !fresh);
            assert!(administrator.credentials == *expected);
        }
    }
}
