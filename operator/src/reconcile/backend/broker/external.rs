//! A broker that exists already.

use std::collections::BTreeSet;

use crate::api::{ConditionType, ExternalKafka, SecretKeyReference};
use crate::reconcile::backend::SecretNames;
use crate::reconcile::build::Object;
use crate::reconcile::build::network::flow::{End, Ports};
use crate::reconcile::platform::Platform;
use crate::reconcile::validate::check::Check;

use super::settings::{External, KafkaBackend, KafkaSecurity, Sasl, Tls};
use super::{Backend, Checked};

pub(super) fn secrets(external: &ExternalKafka) -> SecretNames {
    let mut references: Vec<&SecretKeyReference> = Vec::new();
    if let Some(tls) = &external.tls {
        references.extend([&tls.ca_secret_ref, &tls.certificate_secret_ref, &tls.key_secret_ref].into_iter().flatten());
    }
    if let Some(sasl) = &external.sasl {
        references.extend([&sasl.username_secret_ref, &sasl.password_secret_ref]);
    }
    SecretNames { named: references.into_iter().map(|reference| reference.name.clone()).collect(), ..Default::default() }
}

pub(super) fn validate(check: &mut Check<'_>, external: &ExternalKafka) -> Checked {
    Checked {
        backend: KafkaBackend::External(External),
        bootstrap_servers: external.bootstrap_servers.join(","),
        security: security(check, external),
        is_shared: true,
        replication_factor: None,
    }
}

fn security(check: &mut Check<'_>, external: &ExternalKafka) -> KafkaSecurity {
    let condition = ConditionType::KafkaReady;
    let tls = external.tls.as_ref().map(|tls| {
        let mut read = |field: &str, reference: Option<&SecretKeyReference>| {
            reference.map(|reference| check.secret(condition, &format!("spec.kafka.external.tls.{field}"), reference))
        };
        let ca = read("caSecretRef", tls.ca_secret_ref.as_ref());
        let certificate = read("certificateSecretRef", tls.certificate_secret_ref.as_ref());
        let key = read("keySecretRef", tls.key_secret_ref.as_ref());
        let (ca, ca_pem) = ca.unzip();
        let (certificate, pem) = certificate.zip(key).map(|((a, a_pem), (b, b_pem))| ((a, b), (a_pem, b_pem))).unzip();
        Tls { ca, certificate, pem: (ca_pem, pem) }
    });
    let sasl = external.sasl.as_ref().map(|sasl| {
        let (username, name) = check.secret(condition, "spec.kafka.external.sasl.usernameSecretRef", &sasl.username_secret_ref);
        let (password, text) = check.secret(condition, "spec.kafka.external.sasl.passwordSecretRef", &sasl.password_secret_ref);
        let trim = |text: String| text.trim_end_matches(['\r', '\n']).to_owned();
        Sasl { mechanism: sasl.mechanism.unwrap_or_default(), username, password, login: (trim(name), trim(text)) }
    });
    KafkaSecurity { tls, sasl }
}

impl Backend for External {
    fn name(&self) -> &'static str {
        "external"
    }

    fn objects(&self, _platform: &Platform) -> Vec<Object> {
        Vec::new()
    }

    /// All brokers are assumed to listen on the ports of the bootstrap servers. A policy of the user's can allow others.
    fn servers(&self, platform: &Platform) -> (End, Ports) {
        let port = |server: &str| server.rsplit_once(':')?.1.parse().ok();
        let ports: BTreeSet<u16> = platform.kafka.bootstrap_servers.split(',').filter_map(port).collect();
        (End::Anywhere, Ports::Tcp(ports.into_iter().collect()))
    }
}
