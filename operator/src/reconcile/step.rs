//! The order in which a platform is created, as data. No other file has dependencies between steps.

use crate::api::ConditionType;

use super::service::Service;

/// A part of the platform that is applied as a whole, and for which other steps may wait.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// The objects that all services use: the keys of tokens, the administrator's credentials, and the objects that the broker uses.
    Foundation,
    /// The objects that a service and its database use: credentials, accounts, settings, Services, network policies.
    Settings(Service),
    /// The objects that no other step waits for: routes from outside the cluster, and monitors.
    Exposure,
    /// The database of a service.
    Postgres(Service),
    /// The broker.
    Kafka,
    /// The topics.
    Topics,
    /// The migration of a service's database to the specified version.
    Migration(Service),
    /// The declared house, in the database of the reservation service.
    House,
    /// The Pods of a service.
    Deployment(Service),
}

use Step::{Deployment, Exposure, Foundation, House, Kafka, Migration, Postgres, Settings, Topics};

/// Every step, each after the steps that it waits for.
pub const ORDER: [Step; 17] = [
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
    House,
    Deployment(Service::Auth),
    Deployment(Service::Menu),
    Deployment(Service::Reservation),
];

impl Step {
    /// The steps that must be done before this one is applied.
    ///
    /// A failed migration leaves the old version serving, because the Deployment waits for it. A Deployment waits for the topics,
    /// because a broker may make a topic with one partition when it is first asked for it. The Pods of reservation wait for the end of the
    /// house, not for its success: one that cannot be applied stays as it was.
    pub fn waits_for(self) -> Vec<Step> {
        match self {
            Foundation | Exposure | Settings(_) => vec![],
            // The foundation has the key of the checksums. A new key in each reconcile would replace the database's Pod without end.
            Postgres(service) => vec![Foundation, Settings(service)],
            Kafka => vec![Foundation],
            Topics => vec![Kafka],
            Migration(service) => vec![Postgres(service)],
            House => vec![Settings(Service::Reservation), Migration(Service::Reservation)],
            Deployment(Service::Reservation) => {
                vec![Foundation, Settings(Service::Reservation), Migration(Service::Reservation), House, Topics]
            }
            Deployment(service) => vec![Foundation, Settings(service), Migration(service), Topics],
        }
    }

    /// The step of the objects of a component, by the component's label: `auth`, `menu-postgres`, `reservation-migration`, `kafka`.
    pub fn for_component(component: &str) -> Self {
        let of = |service: &Service| component.split('-').next() == Some(service.as_str());
        Service::ALL.into_iter().find(of).map_or(Foundation, Settings)
    }

    /// The condition that reports the step.
    pub fn condition(self) -> ConditionType {
        match self {
            Foundation | Settings(_) => ConditionType::Progressing,
            Exposure => ConditionType::Exposed,
            Postgres(_) => ConditionType::PostgresReady,
            Kafka => ConditionType::KafkaReady,
            Topics => ConditionType::TopicsReady,
            Migration(_) => ConditionType::MigrationsComplete,
            House => ConditionType::HouseApplied,
            Deployment(_) => ConditionType::ServicesReady,
        }
    }

    /// The name in messages, events and metrics.
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
            House => "house",
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
