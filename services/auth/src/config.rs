//! The settings of the auth service.

use std::path::PathBuf;

use chassis::http::text::Email;
use chassis::http::value::{Raw, Ruled, Value as _};
use chassis::run::config::{Problems, ServiceArgs, Settings, Unusable};
use chassis::run::log::Log;
use site::settings::{Site, SiteArgs};

use crate::password::Password;

/// The port of the service.
pub const PORT: u16 = 8000;
/// The e-mail address of the administrator, where nothing else is configured.
pub const ADMIN_EMAIL: &str = "admin@restaurant.com";

/// The settings as they were given.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ServeArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub service: ServiceArgs,
    /// Ed25519 private key (PKCS#8 PEM) that signs tokens, from `auth keygen`; its public key must be in JWT_PUBLIC_KEYS_FILE
    #[arg(long, env = "JWT_PRIVATE_KEY_FILE", value_name = "FILE")]
    pub jwt_private_key_file: Option<PathBuf>,
    /// E-mail address of the first administrator; another one than at the last start makes another administrator [default: admin@restaurant.com]
    #[arg(long, env = "ADMIN_EMAIL", value_name = "EMAIL")]
    pub admin_email: Option<String>,
    /// Password of that administrator, 8 characters at least and 72 bytes at most; another one than at the last start is set, and one that they changed themselves stays otherwise; without one no administrator is made [default: none]
    #[arg(long, env = "ADMIN_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,
    /// File that holds ADMIN_PASSWORD
    #[arg(long, env = "ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub admin_password_file: Option<PathBuf>,
    /// Cost of a bcrypt hash, 10 to 20: each step doubles the work [default: 12]
    #[arg(long, env = "BCRYPT_COST", value_name = "COST")]
    pub bcrypt_cost: Option<String>,
    /// Passwords that are hashed at once, 1 to 256 [default: the number of cores]
    #[arg(long, env = "BCRYPT_PARALLELISM", value_name = "N")]
    pub bcrypt_parallelism: Option<String>,
    /// Passwords that wait to be hashed at most, 1 to 10000; beyond them requests are answered 503 [default: 64]
    #[arg(long, env = "BCRYPT_QUEUE_LENGTH", value_name = "N")]
    pub bcrypt_queue_length: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub site: SiteArgs,
}

/// The settings of the service, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// What every service has.
    pub service: Settings,
    /// The file of the private key.
    pub private_key: PathBuf,
    /// The first administrator.
    pub administrator: Option<Administrator>,
    /// How passwords are hashed.
    pub bcrypt: Bcrypt,
    /// How the restaurant presents itself to guests.
    pub site: Site,
}

impl AsRef<Settings> for Config {
    fn as_ref(&self) -> &Settings {
        &self.service
    }
}

/// The first administrator.
#[derive(Clone, Debug)]
pub struct Administrator {
    email: Email,
    password: Password,
}

impl Administrator {
    /// An administrator whose e-mail address and password keep the rules of every account.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn new(email: &str, password: &str) -> Ruled<Self> {
        Ok(Self { email: Email::read(Raw::Text(email))?, password: Password::read(Raw::Text(password))? })
    }

    pub(crate) fn email(&self) -> &Email {
        &self.email
    }

    pub(crate) fn password(&self) -> &Password {
        &self.password
    }
}

/// How passwords are hashed.
#[derive(Clone, Debug)]
pub struct Bcrypt {
    /// The cost of a hash.
    pub cost: u32,
    /// How many are hashed at once.
    pub parallelism: usize,
    /// How many may wait.
    pub queue_length: usize,
}

impl Default for Bcrypt {
    fn default() -> Self {
        Self { cost: 12, parallelism: cores(), queue_length: 64 }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(256)
}

impl ServeArgs {
    /// Checks the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn check(&self) -> Result<(Config, Log), Unusable> {
        let mut problems = Problems::default();
        let service = self.service.check(&mut problems);
        let log = self.service.log.check(&mut problems);
        let private_key = self.jwt_private_key_file.clone().unwrap_or_default();
        if private_key.as_os_str().is_empty() {
            problems.add("JWT_PRIVATE_KEY_FILE", "is missing; it must be the private key that `auth keygen` makes");
        }
        let administrator = self.administrator(&mut problems);
        let default = Bcrypt::default();
        let mut number = |name, value: &Option<String>, default, min, max| problems.number(name, value.as_deref(), default, min, max);
        let bcrypt = Bcrypt {
            cost: number("BCRYPT_COST", &self.bcrypt_cost, default.cost, 10, 20),
            parallelism: size(number("BCRYPT_PARALLELISM", &self.bcrypt_parallelism, number_of(default.parallelism), 1, 256)),
            queue_length: size(number("BCRYPT_QUEUE_LENGTH", &self.bcrypt_queue_length, number_of(default.queue_length), 1, 10_000)),
        };
        let site = self.site.check(&mut problems);
        problems.finish()?;
        Ok((Config { service, private_key, administrator, bcrypt, site }, log))
    }

    fn administrator(&self, problems: &mut Problems) -> Option<Administrator> {
        let email = self.admin_email.as_deref().map(str::trim).filter(|email| !email.is_empty()).unwrap_or(ADMIN_EMAIL);
        let email = Email::read(Raw::Text(email));
        let password = problems.secret("ADMIN_PASSWORD", self.admin_password.as_deref(), self.admin_password_file.as_ref());
        let password = password.map(|password| Password::read(Raw::Text(&password))).transpose();
        if let Err(fault) = &email {
            problems.add("ADMIN_EMAIL", format!("cannot be used: {}", fault.detail));
        }
        if let Err(fault) = &password {
            problems.add("ADMIN_PASSWORD", format!("cannot be used: {}", fault.detail));
        }
        Some(Administrator { email: email.ok()?, password: password.ok()?? })
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).expect("at most 10000")
}

fn number_of(size: usize) -> u32 {
    u32::try_from(size).expect("at most 10000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_password_is_repeated() {
        let args = ServeArgs {
            admin_email: Some("nobody".into()),
            admin_password: Some("hunter2".into()),
            bcrypt_cost: Some("9".into()),
            bcrypt_parallelism: Some("0".into()),
            bcrypt_queue_length: Some("many".into()),
            ..Default::default()
        };
        let message = args.check().expect_err("unusable").to_string();
        for part in [
            "DATABASE_URL",
            "JWT_PRIVATE_KEY_FILE",
            "ADMIN_EMAIL",
            "ADMIN_PASSWORD",
            "BCRYPT_COST (--bcrypt-cost): is 9",
            "BCRYPT_PARALLELISM",
            "BCRYPT_QUEUE_LENGTH",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn without_a_password_there_is_no_administrator() {
        let mut problems = Problems::default();
        assert!(ServeArgs::default().administrator(&mut problems).is_none());
        assert!(problems.finish().is_ok());
    }

    #[test]
    fn an_administrator_has_the_default_address_and_an_untrimmed_password() {
        let args = ServeArgs { admin_password: Some(" Admin123! ".into()), ..Default::default() };
        let administrator = args.administrator(&mut Problems::default()).expect("an administrator");
        assert_eq!((administrator.email().as_str(), administrator.password().expose()), (ADMIN_EMAIL, " Admin123! "));
    }
}
