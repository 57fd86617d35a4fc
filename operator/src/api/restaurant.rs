//! The restaurant, as guests know it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;

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
