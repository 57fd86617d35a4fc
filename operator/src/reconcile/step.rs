//! The order in which a platform is made, as a value: what waits for what stands here and nowhere else.

use crate::api::ConditionType;

use super::service::Service;

/// A part of the platform that is applied as a whole, and that others may wait for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// What all services refer to: the keys of tokens and the administrator's credentials, and what the broker refers to.
    Foundation,
    /// What a service and its database refer to: credentials, accounts, settings, Services, network policies.
    Settings(Service),
    /// What nobody waits for: routes from outside, and monitors.
    Exposure,
    /// The database of a service.
    Postgres(Service),
    /// The broker.
    Kafka,
    /// The topics.
    Topics,
    /// The migration of a service's database to the version that is asked for.
    Migration(Service),
    /// The Pods of a service.
    Deployment(Service),
}

use Step::{Deployment, Exposure, Foundation, Kafka, Migration, Postgres, Settings, Topics};

/// Every step, each after all that it waits for.
pub const ORDER: [Step; 16] = [
    Foundation,
    Settings(Service::Auth),
    Settings(Service::Menu),
    Settings(Service::Reservation),
    Exposure,
    Postgres(Service::Auth),
    Postgres(Service::Menu),
    Postgres(Service::Reservation),
    Kafka,
    Topics,
    Migration(Service::Auth),
    Migration(Service::Menu),
    Migration(Service::Reservation),
    Deployment(Service::Auth),
    Deployment(Service::Menu),
    Deployment(Service::Reservation),
];

impl Step {
    /// The steps that must be done before this one is applied.
    ///
    /// A failed migration leaves the old version serving, because the Deployment waits for it. A Deployment waits for the topics,
    /// because a broker may make a topic with one partition when it is first asked for it.
    pub fn waits_for(self) -> Vec<Step> {
        match self {
            Foundation | Exposure | Settings(_) => vec![],
            // Also for the key of the checksums: with another one each round, its Pod would be replaced without end.
            Postgres(service) => vec![Foundation, Settings(service)],
            Kafka => vec![Foundation],
            Topics => vec![Kafka],
            Migration(service) => vec![Postgres(service)],
            Deployment(service) => vec![Foundation, Settings(service), Migration(service), Topics],
        }
    }

    /// The step of what a component refers to, by the component's label: `auth`, `menu-postgres`, `reservation-migration`, `kafka`.
    pub fn for_component(component: &str) -> Self {
        let of = |service: &Service| component.split('-').next() == Some(service.as_str());
        Service::ALL.into_iter().find(of).map_or(Foundation, Settings)
    }

    /// The condition that tells of the step.
    pub fn condition(self) -> ConditionType {
        match self {
            Foundation | Settings(_) => ConditionType::Progressing,
            Exposure => ConditionType::Exposed,
            Postgres(_) => ConditionType::PostgresReady,
            Kafka => ConditionType::KafkaReady,
            Topics => ConditionType::TopicsReady,
            Migration(_) => ConditionType::MigrationsComplete,
            Deployment(_) => ConditionType::ServicesReady,
        }
    }

    /// Its name, as messages, events and metrics have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Foundation => "foundation",
            Settings(Service::Auth) => "settings-auth",
            Settings(Service::Menu) => "settings-menu",
            Settings(Service::Reservation) => "settings-reservation",
            Exposure => "exposure",
            Postgres(Service::Auth) => "postgres-auth",
            Postgres(Service::Menu) => "postgres-menu",
            Postgres(Service::Reservation) => "postgres-reservation",
            Kafka => "kafka",
            Topics => "topics",
            Migration(Service::Auth) => "migration-auth",
            Migration(Service::Menu) => "migration-menu",
            Migration(Service::Reservation) => "migration-reservation",
            Deployment(Service::Auth) => "deployment-auth",
            Deployment(Service::Menu) => "deployment-menu",
            Deployment(Service::Reservation) => "deployment-reservation",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_comes_after_what_it_waits_for() {
        for (at, step) in ORDER.iter().enumerate() {
            for other in step.waits_for() {
                assert!(ORDER[..at].contains(&other), "{} waits for {}", step.as_str(), other.as_str());
            }
        }
    }
}
