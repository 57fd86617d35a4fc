//! Values that several parts of a platform have.

use std::collections::BTreeMap;

use crate::api::Quantity;

/// The requests and limits of a container.
#[derive(Clone, Debug)]
pub struct Resources {
    /// The amounts that are reserved.
    pub requests: BTreeMap<String, Quantity>,
    /// The maximum amounts.
    pub limits: BTreeMap<String, Quantity>,
}

/// A key of a Secret that a Pod mounts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secret {
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
    /// A checksum of the value, in hexadecimal digits. A Pod that mounts the value has it as an annotation, so that the Pod is replaced
    /// when the value changes. Empty while the value does not exist.
    pub checksum: String,
}

/// A volume.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Its size.
    pub size: Quantity,
    /// Its class; `None` for the cluster's default.
    pub class: Option<String>,
}
