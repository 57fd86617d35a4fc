//! References to other objects. None has a namespace: a resource refers only to objects in its own.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// An object in the resource's own namespace.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalReference {
    /// Its name. Example: registry-credentials.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// One key of a Secret in the resource's own namespace. The resource notices when the Secret appears or changes.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyReference {
    /// Name of the Secret. Example: trattoria-credentials.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in the Secret. Example: password.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}
