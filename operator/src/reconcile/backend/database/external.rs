//! Databases that exist already.

use crate::api::{ConditionType, ExternalDatabase, ExternalPostgres};
use crate::reconcile::backend::SecretNames;
use crate::reconcile::build::Object;
use crate::reconcile::build::network::flow::End;
use crate::reconcile::platform::{Platform, Secret};
use crate::reconcile::reason::INVALID_SECRET;
use crate::reconcile::service::{PerService, Service};
use crate::reconcile::validate::check::Check;

use super::Backend;
use super::settings::{External, Postgres, PostgresBackend};

/// The port of a URL that has none.
const PORT: u16 = 5432;

fn database(external: &ExternalPostgres, service: Service) -> &ExternalDatabase {
    match service {
        Service::Auth => &external.auth,
        Service::Menu => &external.menu,
        Service::Reservation => &external.reservation,
    }
}

pub(super) fn secrets(external: &ExternalPostgres) -> SecretNames {
    let name = |service| database(external, service).url_secret_ref.name.clone();
    SecretNames { named: Service::ALL.map(name).into(), ..Default::default() }
}

pub(super) fn validate(check: &mut Check<'_>, external: &ExternalPostgres) -> Postgres {
    let found = PerService::new(|service| url(check, external, service));
    let ports = PerService::new(|service| found.of(service).1);
    let urls = PerService::new(|service| found.of(service).0.clone());
    Postgres { backend: PostgresBackend::External(External { ports }), urls }
}

/// The Secret with the URL of a database, and the port in the URL.
fn url(check: &mut Check<'_>, external: &ExternalPostgres, service: Service) -> (Secret, u16) {
    let path = format!("spec.postgres.external.{}.urlSecretRef", service.as_str());
    let (secret, url) = check.secret(ConditionType::PostgresReady, &path, &database(external, service).url_secret_ref);
    if !secret.checksum.is_empty() && !is_postgres_url(&url) {
        let message = format!(
            "{path}: key {:?} of Secret {:?} must hold a URL such as postgres://user:password@host:5432/database",
            secret.key, secret.name
        );
        check.refuse(ConditionType::PostgresReady, INVALID_SECRET, message);
    }
    (secret, port_of(&url).unwrap_or(PORT))
}

fn is_postgres_url(url: &str) -> bool {
    let url = url.trim();
    ["postgres://", "postgresql://"].iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

/// The port in the URL of a database, if there is one.
fn port_of(url: &str) -> Option<u16> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    authority.rsplit_once('@').map_or(authority, |(_, host)| host).rsplit_once(':')?.1.parse().ok()
}

impl Backend for External {
    fn name(&self) -> &'static str {
        "external"
    }

    fn objects(&self, _platform: &Platform, _service: Service) -> Vec<Object> {
        Vec::new()
    }

    fn server(&self, _platform: &Platform, service: Service) -> (End, u16) {
        (End::Anywhere, *self.ports.of(service))
    }
}
