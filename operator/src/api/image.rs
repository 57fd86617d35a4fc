//! The images of the services.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LocalReference;
use super::rules;

/// Where the images of the services come from: `registry/service:tag`, or `registry/service@digest`.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Registry and path of the images auth, menu, reservation and backup, without a trailing slash.
    /// Default: the operator's (`--image-registry`). Example: registry.example.com/restaurant-booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9._:/-]*[a-zA-Z0-9]$"))]
    pub registry: Option<String>,
    /// Tag of these images. Default: the operator's version. Example: 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TAG))]
    pub tag: Option<String>,
    /// When the kubelet pulls an image. Default: IfNotPresent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<ImagePullPolicy>,
    /// Secrets (kubernetes.io/dockerconfigjson) with the credentials of the registry. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub pull_secrets: Vec<LocalReference>,
    /// Settings of the auth service's image that differ. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<ServiceImage>,
    /// Settings of the menu service's image that differ. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub menu: Option<ServiceImage>,
    /// Settings of the reservation service's image that differ. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ServiceImage>,
    /// Settings that differ of the image of the program that makes backups. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<ServiceImage>,
}

const TAG: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$";

/// The image of one service, or of the program that makes backups.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(cel, validation = rules::tag_or_digest())]
pub struct ServiceImage {
    /// Registry and repository. Default: `image.registry` and the name of the service. Example: registry.example.com/booking/auth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9._:/-]*[a-zA-Z0-9]$"))]
    pub repository: Option<String>,
    /// Tag. Default: `image.tag`. Excludes digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TAG))]
    pub tag: Option<String>,
    /// Digest of the image, instead of a tag. Default: none.
    /// Example: sha256: and 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^sha256:[a-f0-9]{64}$"))]
    pub digest: Option<String>,
}

/// When the kubelet pulls an image.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(transform = super::embedded::without_description)]
pub enum ImagePullPolicy {
    /// At each start of a container.
    Always,
    /// If the node does not have it.
    #[default]
    IfNotPresent,
    /// Never: without the image on the node, the Pod does not start.
    Never,
}

impl ImagePullPolicy {
    /// The value of a container's `imagePullPolicy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}
