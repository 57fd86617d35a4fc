//! How mail is sent, as it is configured.

use std::path::PathBuf;

use chassis::run::config::Problems;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use secrecy::SecretString;
use site::settings::Site;

/// How many hours before the visit guests are reminded, where nothing is configured.
const REMIND: u32 = 24;
/// Whom mail is from on a machine without a mail server, where nothing is configured.
const NOBODY: &str = "booking@localhost";

/// The settings as they were given.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct MailArgs {
    /// The mail server: smtp://USER:PASSWORD@HOST:587?tls=required or smtps://USER:PASSWORD@HOST. Without it, and without MAIL_DIRECTORY,
    /// no mail is written
    #[arg(long, env = "SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// File with the URL of the mail server
    #[arg(long, env = "SMTP_URL_FILE", value_name = "FILE")]
    pub smtp_url_file: Option<PathBuf>,
    /// User at the mail server, where the URL has none
    #[arg(long, env = "SMTP_USERNAME", value_name = "USER")]
    pub smtp_username: Option<String>,
    /// File with the user at the mail server
    #[arg(long, env = "SMTP_USERNAME_FILE", value_name = "FILE")]
    pub smtp_username_file: Option<PathBuf>,
    /// Password of the user at the mail server
    #[arg(long, env = "SMTP_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<String>,
    /// File with the password of the user at the mail server
    #[arg(long, env = "SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub smtp_password_file: Option<PathBuf>,
    /// File with the certificates (PEM) of the authorities that the mail server's is trusted by [default: those of the system]
    #[arg(long, env = "SMTP_CA_FILE", value_name = "FILE")]
    pub smtp_ca_file: Option<PathBuf>,
    /// The address that mail is from, such as booking@example.com or "Trattoria <booking@example.com>"; needed with SMTP_URL
    #[arg(long, env = "MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// The address to which guests answer [default: RESTAURANT_EMAIL, else MAIL_FROM]
    #[arg(long, env = "MAIL_REPLY_TO", value_name = "ADDRESS")]
    pub mail_reply_to: Option<String>,
    /// Directory in which mail is written as files in place of being sent
    #[arg(long, env = "MAIL_DIRECTORY", value_name = "DIRECTORY")]
    pub mail_directory: Option<PathBuf>,
    /// How many hours before the visit guests are reminded, 0 to 168; 0 is never [default: 24]
    #[arg(long, env = "REMIND_BEFORE_HOURS", value_name = "HOURS")]
    pub remind_before_hours: Option<String>,
}

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Which way it goes.
    pub way: Way,
    /// Whom it is from.
    pub from: Mailbox,
    /// To whom guests answer.
    pub reply_to: Mailbox,
    /// How many hours before the visit guests are reminded; 0 is never.
    pub remind_before: u32,
}

/// Which way mail goes.
#[derive(Clone, Debug)]
pub enum Way {
    /// To a mail server.
    Smtp(Server),
    /// Into files of a directory.
    Directory(PathBuf),
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its URL.
    pub url: SecretString,
    /// The user and the password, where the URL has none.
    pub login: Option<(String, SecretString)>,
    /// The file with the authorities by which it is trusted; `None` for the system's.
    pub authorities: Option<PathBuf>,
}

impl Server {
    /// The server of a URL, which is trusted by the authorities of the system.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self { url: url.into(), login: None, authorities: None }
    }
}

impl MailSettings {
    /// Mail into files of a directory, with the defaults.
    ///
    /// # Panics
    /// Never: the address is one.
    pub fn to_directory(directory: PathBuf, site: &Site) -> Self {
        let from = named(NOBODY.parse().expect("an address"), site);
        Self { way: Way::Directory(directory), reply_to: from.clone(), from, remind_before: REMIND }
    }
}

/// An address with the restaurant's name, unless it has one of its own.
fn named(mailbox: Mailbox, site: &Site) -> Mailbox {
    Mailbox { name: mailbox.name.or_else(|| Some(site.name.clone())), ..mailbox }
}

impl MailArgs {
    /// Checks the settings. `None`: no mail is sent.
    pub fn check(&self, site: &Site, problems: &mut Problems) -> Option<MailSettings> {
        let remind_before = problems.number("REMIND_BEFORE_HOURS", self.remind_before_hours.as_deref(), REMIND, 0, 168);
        let file = |file: &Option<PathBuf>| file.clone().filter(|file| !file.as_os_str().is_empty());
        let url = problems.secret("SMTP_URL", self.smtp_url.as_deref(), file(&self.smtp_url_file).as_ref());
        let url = url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        let user = problems.secret("SMTP_USERNAME", self.smtp_username.as_deref(), file(&self.smtp_username_file).as_ref());
        let password = problems.secret("SMTP_PASSWORD", self.smtp_password.as_deref(), file(&self.smtp_password_file).as_ref());
        if user.is_some() != password.is_some() {
            problems.add("SMTP_PASSWORD", "and SMTP_USERNAME are given together, or neither");
        }
        let login = user.zip(password).map(|(user, password)| (user, password.into()));
        let way = match (url, file(&self.mail_directory)) {
            (None, None) => return None,
            (Some(url), None) => {
                // The parser's message could tell of the password.
                if AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).is_err() {
                    let form = "smtp://USER:PASSWORD@HOST:587?tls=required or smtps://USER:PASSWORD@HOST, percent-encoded";
                    problems.add("SMTP_URL", format!("is no address of a mail server; it must be {form}"));
                }
                Way::Smtp(Server { url: url.into(), login, authorities: file(&self.smtp_ca_file) })
            }
            (None, Some(directory)) => Way::Directory(directory),
            (Some(url), Some(_)) => {
                problems.add("MAIL_DIRECTORY", "is given, and SMTP_URL too; give one of them");
                Way::Smtp(Server::new(url))
            }
        };
        let mut mailbox = |name, value: Option<&str>| {
            let text = value.map(str::trim).filter(|text| !text.is_empty())?;
            let parsed = text.parse::<Mailbox>();
            if parsed.is_err() {
                problems.add(name, format!("is {text:?}; it must be an e-mail address, such as booking@example.com"));
            }
            parsed.ok()
        };
        let given = mailbox("MAIL_FROM", self.mail_from.as_deref());
        let reply_to = mailbox("MAIL_REPLY_TO", self.mail_reply_to.as_deref());
        let reply_to = reply_to.or_else(|| mailbox("RESTAURANT_EMAIL", site.email.as_deref()));
        let is_missing = self.mail_from.as_deref().is_none_or(|from| from.trim().is_empty());
        if is_missing && matches!(way, Way::Smtp(..)) {
            problems.add("MAIL_FROM", "is missing; it is the address that mail is from, such as booking@example.com");
        }
        let from = named(given.unwrap_or_else(|| NOBODY.parse().expect("an address")), site);
        Some(MailSettings { reply_to: reply_to.map_or_else(|| from.clone(), |reply_to| named(reply_to, site)), way, from, remind_before })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn checked(args: &MailArgs) -> Result<Option<MailSettings>, String> {
        let mut problems = Problems::default();
        let site = Site { name: "Trattoria".to_owned(), email: Some("host@example.com".to_owned()), ..Site::default() };
        let settings = args.check(&site, &mut problems);
        problems.finish().map(|()| settings).map_err(|error| error.to_string())
    }

    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn without_a_server_there_is_no_mail() {
        assert!(checked(&MailArgs::default()).expect("sound").is_none());
        assert!(
            checked(&MailArgs { smtp_url: text(" "), mail_from: text("a@example.com"), ..MailArgs::default() }).expect("sound").is_none()
        );
    }

    #[test]
    fn mail_is_from_the_restaurant() {
        let smtp =
            |from: &str| MailArgs { smtp_url: text("smtps://me:pa%40ss@mail.example.com"), mail_from: text(from), ..MailArgs::default() };
        let settings = checked(&smtp("booking@example.com")).expect("sound").expect("mail");
        assert_eq!(settings.from.to_string(), "Trattoria <booking@example.com>");
        assert_eq!(settings.reply_to.to_string(), "Trattoria <host@example.com>");
        let Way::Smtp(server) = settings.way else { panic!("a server") };
        assert_eq!((settings.remind_before, server.url.expose_secret()), (24, "smtps://me:pa%40ss@mail.example.com"));
        let settings = checked(&smtp("Rosa <booking@example.com>")).expect("sound").expect("mail");
        assert_eq!(settings.from.to_string(), "Rosa <booking@example.com>");
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_password() {
        let args = MailArgs {
            smtp_url: text("http://me:hunter2@mail.example.com"),
            mail_directory: Some("mail".into()),
            mail_reply_to: text("nobody"),
            remind_before_hours: text("200"),
            ..MailArgs::default()
        };
        let told = checked(&args).expect_err("four problems");
        for name in ["MAIL_DIRECTORY", "MAIL_FROM", "MAIL_REPLY_TO", "REMIND_BEFORE_HOURS"] {
            assert!(told.contains(name), "{name} in {told}");
        }
        let told = checked(&MailArgs { mail_directory: None, ..args }).expect_err("four problems");
        assert!(told.contains("SMTP_URL") && !told.contains("hunter2"), "{told}");
    }
}
