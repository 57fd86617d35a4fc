//! The restaurant, as guests know it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::guests::{Address, Language};
use super::rules;

/// The address of a page.
const PAGE: &str = r#"^https?://[^\s"]+$"#;

/// The restaurant.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel)]
pub struct Restaurant {
    /// Its name, as guests know it: 1 to 255 characters. Example: Trattoria da Rosa.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// IANA name of its time zone, in which days and slots are counted. Examples: Europe/Rome, America/Argentina/Buenos_Aires, UTC.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::time_zone())]
    pub time_zone: String,
    /// Whether a booking is confirmed by the staff (Manual) or at once (Automatic). Default: Manual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// How many days ahead guests may book, 1 to 3650. Default: 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub max_days_ahead: Option<i32>,
    /// The phone number that guests call. Default: none. Example: +39 06 555 0100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub phone: Option<String>,
    /// The e-mail address that guests write to. Default: none. Example: host@trattoria.example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255), regex(pattern = "^[^@ ]+@[^@ ]+$"))]
    pub email: Option<String>,
    /// The restaurant's own website. Default: none. Example: <https://trattoria.example>.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = PAGE))]
    pub website: Option<String>,
    /// Where it is. Default: not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The page about what becomes of guests' data. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = PAGE))]
    pub privacy_url: Option<String>,
    /// The page about who runs the restaurant. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = PAGE))]
    pub legal_url: Option<String>,
    /// The languages of pages and mail. Default: all: en, ru and de.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    pub languages: Vec<Language>,
    /// The language for guests who ask for none of them. Default: the first of languages, else en.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_language: Option<Language>,
}

/// How a booking is confirmed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
pub enum Confirmation {
    /// The staff confirms it: a booking is pending until an administrator confirms it.
    #[default]
    Manual,
    /// The platform confirms it at once.
    Automatic,
}
