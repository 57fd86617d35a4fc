//! Kubeconfigs, for other programs, and the same for our own client.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kube::config::AuthInfo;
use serde_json::{Value, json};

use crate::pki::Identity;

/// What a client shows of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Credentials<'a> {
    Certificate(&'a Identity),
    /// A bearer token.
    Token(&'a str),
}

/// The text of a kubeconfig. It is JSON, which is YAML too.
pub(crate) fn kubeconfig(url: &str, authority_pem: &str, credentials: Credentials<'_>) -> String {
    let user: Value = match credentials {
        Credentials::Certificate(identity) => json!({
            "client-certificate-data": BASE64_STANDARD.encode(&identity.certificate),
            "client-key-data": BASE64_STANDARD.encode(&identity.key),
        }),
        Credentials::Token(token) => json!({ "token": token }),
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "control-plane",
            "cluster": { "server": url, "certificate-authority-data": BASE64_STANDARD.encode(authority_pem) },
        }],
        "users": [{ "name": "user", "user": user }],
        "contexts": [{ "name": "control-plane", "context": { "cluster": "control-plane", "user": "user" } }],
        "current-context": "control-plane",
    });
    format!("{config:#}\n")
}

/// The configuration of a client of ours.
pub(crate) fn client_config(url: &http::Uri, authority_der: &[u8], credentials: Credentials<'_>) -> kube::Config {
    let mut config = kube::Config::new(url.clone());
    config.root_cert = Some(vec![authority_der.to_vec()]);
    config.auth_info = match credentials {
        Credentials::Certificate(identity) => AuthInfo {
            client_certificate_data: Some(BASE64_STANDARD.encode(&identity.certificate)),
            client_key_data: Some(BASE64_STANDARD.encode(&identity.key).into()),
            ..AuthInfo::default()
        },
        Credentials::Token(token) => AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() },
    };
    config
}
