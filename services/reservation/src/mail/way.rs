//! The way that mail goes: to a mail server, or into files.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use url::Url;

use super::settings::{MailSettings, Way};

/// How long it may take until a connection to the mail server is made.
const CONNECT: Duration = Duration::from_secs(15);
/// How long the mail server may take for a message: less than the message is taken for.
const WHOLE: Duration = Duration::from_secs(60);
/// The longest reason that is kept, in bytes.
const REASON: usize = 500;

/// Where mail goes, opened.
pub enum Post {
    /// To a mail server.
    Server(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// Into files of a directory.
    Directory(PathBuf),
}

/// Mail that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another attempt may succeed.
    ForNow(String),
    /// No attempt will.
    ForGood(String),
}

impl Post {
    /// Opens the way that is configured.
    ///
    /// # Errors
    /// What cannot be used, and why.
    pub fn open(settings: &MailSettings) -> Result<Self, String> {
        match &settings.way {
            Way::Directory(directory) => {
                let open = std::fs::create_dir_all(directory);
                open.map_err(|error| format!("mail cannot be written to {}: {error}", directory.display()))?;
                Ok(Self::Directory(directory.clone()))
            }
            Way::Smtp(server) => {
                let url = server.url.expose_secret();
                let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| "SMTP_URL cannot be used".to_owned())?;
                if let Some((user, password)) = &server.login {
                    builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
                }
                if let Some(file) = &server.authorities {
                    builder = builder.tls(trusting(url, file)?);
                }
                Ok(Self::Server(Box::new(builder.timeout(Some(CONNECT)).build())))
            }
        }
    }

    /// Sends a message; as a file it has this name.
    ///
    /// # Errors
    /// Where it is not taken.
    pub async fn send(&self, message: Message, name: &str) -> Result<(), Refused> {
        match self {
            Self::Server(server) => match tokio::time::timeout(WHOLE, server.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(refused(&error)),
                Err(_) => Err(Refused::ForNow(format!("the mail server took more than {} s", WHOLE.as_secs()))),
            },
            Self::Directory(directory) => {
                write(directory, name, &message.formatted()).map_err(|error| Refused::ForNow(format!("{}: {error}", directory.display())))
            }
        }
    }
}

/// TLS with a server whose certificate these authorities vouch for; none where the URL asks for none.
fn trusting(url: &str, file: &Path) -> Result<Tls, String> {
    let unusable = |error: &dyn std::fmt::Display| format!("SMTP_CA_FILE {} cannot be used: {error}", file.display());
    let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
    let url = Url::parse(url).map_err(|_| "SMTP_URL cannot be used".to_owned())?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let authorities = Certificate::from_pem(&pem).map_err(|error| unusable(&error))?;
    let parameters = TlsParameters::builder(host).certificate_store(CertificateStore::None).add_root_certificate(authorities);
    let parameters = parameters.build().map_err(|error| unusable(&error))?;
    let wanted = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
    Ok(match (url.scheme(), wanted.as_deref()) {
        ("smtps", _) => Tls::Wrapper(parameters),
        (_, Some("opportunistic")) => Tls::Opportunistic(parameters),
        (_, Some(_)) => Tls::Required(parameters),
        (_, None) => Tls::None,
    })
}

/// What became of a message that the server did not take. A code from 550 on is about the message (RFC 5321, 4.2.3); the others, such as that of
/// a wrong password, are about the server or how it is spoken to, and may pass.
fn refused(error: &smtp::Error) -> Refused {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if !reason.contains(&cause.to_string()) {
            reason = format!("{reason}: {cause}");
        }
        source = cause.source();
    }
    let end = (0..=REASON.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.truncate(end);
    match error.status().map(u16::from) {
        Some(550..=559) => Refused::ForGood(reason),
        _ => Refused::ForNow(reason),
    }
}

/// Writes a file that is there whole or not at all.
fn write(directory: &Path, name: &str, text: &[u8]) -> std::io::Result<()> {
    let unfinished = directory.join(format!(".{name}"));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(unfinished, directory.join(name))
}
