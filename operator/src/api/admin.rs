//! The first administrator.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::SecretKeyReference;

/// The first administrator. Auth sets what is declared here when it changes; a password that the administrator changed stays otherwise.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Admin {
    /// E-mail address to log in with. Default: admin@restaurant.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255), regex(pattern = "^[^@ ]+@[^@ ]+$"))]
    pub email: Option<String>,
    /// The password: 8 characters at least, 72 bytes at most. Default: one is generated into the Secret that `status.adminSecretName` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret_ref: Option<SecretKeyReference>,
}
