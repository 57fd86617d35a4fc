//! What guests see and receive: pages and mail.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LocalReference;

/// An e-mail address.
const EMAIL: &str = "^[^@ ]+@[^@ ]+$";

/// Where the restaurant is.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and number. Default: none. Example: Via dei Fiori 12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub street: Option<String>,
    /// Postal code. Default: none. Example: 00172.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub postal_code: Option<String>,
    /// City. Default: none. Example: Rome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub city: Option<String>,
    /// Country. Default: none. Example: Italy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub country: Option<String>,
}

impl Address {
    /// The address on one line.
    pub fn line(&self) -> String {
        let city: Vec<_> = [&self.postal_code, &self.city].into_iter().flatten().map(|part| part.trim()).collect();
        let parts = [self.street.clone(), Some(city.join(" ")), self.country.clone()];
        let parts: Vec<_> = parts.into_iter().flatten().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    }
}

/// A language that the platform speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
    /// German.
    De,
}

impl Language {
    /// Its code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::De => "de",
        }
    }
}

/// The pages on which guests book.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pages {
    /// Whether there are pages. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The colour of buttons and links. Default: "#7a1f2b". Example: "#1f4e79".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    pub accent_color: Option<String>,
}

/// Mail to guests: confirmations, changes, cancellations and reminders.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// The e-mail address that mail is from. Example: booking@trattoria.example.
    #[schemars(length(min = 3, max = 255), regex(pattern = EMAIL))]
    pub from: String,
    /// The e-mail address to which guests answer. Default: the restaurant's, else from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255), regex(pattern = EMAIL))]
    pub reply_to: Option<String>,
    /// How many hours before the visit guests are reminded, 0 to 168; 0 is never. Default: 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 168))]
    pub remind_before_hours: Option<i32>,
    /// The mail server.
    pub smtp: Smtp,
}

/// A mail server.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Smtp {
    /// Its host name. Example: smtp.example.com.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$"))]
    pub host: String,
    /// Its port. Default: 587 with StartTls, 465 with Tls, 25 with None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// How the connection is protected: TLS from the beginning (Tls), after a greeting (StartTls), or not at all (None). Default: StartTls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SmtpSecurity>,
    /// Secret with the keys username and password (kubernetes.io/basic-auth). It needs the label restaurantbooking.dev/usable: "true".
    /// Default: none; the server asks for no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<LocalReference>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
pub enum SmtpSecurity {
    /// TLS after a greeting.
    #[default]
    StartTls,
    /// TLS from the beginning.
    Tls,
    /// No TLS.
    None,
}

impl Smtp {
    /// The port.
    pub fn port(&self) -> u16 {
        let default = match self.security.unwrap_or_default() {
            SmtpSecurity::StartTls => 587,
            SmtpSecurity::Tls => 465,
            SmtpSecurity::None => 25,
        };
        self.port.and_then(|port| u16::try_from(port).ok()).unwrap_or(default)
    }

    /// Its URL, without credentials, as the service takes it.
    pub fn url(&self) -> String {
        let (host, port) = (&self.host, self.port());
        match self.security.unwrap_or_default() {
            SmtpSecurity::StartTls => format!("smtp://{host}:{port}?tls=required"),
            SmtpSecurity::Tls => format!("smtps://{host}:{port}"),
            SmtpSecurity::None => format!("smtp://{host}:{port}"),
        }
    }
}
