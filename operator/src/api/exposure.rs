//! Access from outside the cluster.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A host name.
const HOST: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// An Ingress that leads a host to the services.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// The host, under which the pages (/, /book, /b, /menu) and the API (/auth, /.well-known, /api/v1/menu, /reservations) lead to the
    /// services. Example: book.example.com.
    #[schemars(length(min = 1, max = 253), regex(pattern = HOST))]
    pub host: String,
    /// IngressClass. Default: the cluster's default class. Example: nginx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub class_name: Option<String>,
    /// Secret (kubernetes.io/tls) with the host's certificate. Default: none; plain HTTP. Example: book-tls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub tls_secret_name: Option<String>,
    /// Annotations of the Ingress, for its controller. Default: none. Example: cert-manager.io/cluster-issuer: letsencrypt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub annotations: BTreeMap<String, String>,
}

/// An HTTPRoute that leads a host to the services.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// The host, under which the pages (/, /book, /b, /menu) and the API (/auth, /.well-known, /api/v1/menu, /reservations) lead to the
    /// services. Example: book.example.com.
    #[schemars(length(min = 1, max = 253), regex(pattern = HOST))]
    pub host: String,
    /// The Gateway, in the resource's own namespace. Its listener has the certificate.
    pub parent_ref: ParentReference,
}

/// A Gateway in the resource's own namespace.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// Its name. Example: public.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The listener. Default: every listener that admits the host. Example: https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub section_name: Option<String>,
}
