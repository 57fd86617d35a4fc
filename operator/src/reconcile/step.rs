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
    /// What watches the archives of the databases.
    Watcher,
    /// The backups of a service's database.
    Backup(Service),
    /// The look which moments the backups of a service's database lead to; with a restore only.
    Look(Service),
    /// The restore of a service's database, with its volume; with a restore only.
    Restore(Service),
    /// What prepares a restored database for its service; with a restore only.
    AfterRestore(Service),
    /// The backup of a service's database before its migration, where one is asked for and there is data.
    BeforeMigration(Service),
    /// The migration of a service's database to the specified version.
    Migration(Service),
    /// The declared house, in the database of the reservation service.
    House,
    /// The Pods of a service.
    Deployment(Service),
}

use Step::{
    AfterRestore, Backup, BeforeMigration, Deployment, Exposure, Foundation, House, Kafka, Look, Migration, Postgres, Restore, Settings,
    Topics, Watcher,
};

/// Every step, each after the steps that it waits for.
pub const ORDER: [Step; 33] = [
    Foundation,
    Settings(Service::Auth),
    Settings(Service::Menu),
    Settings(Service::Reservation),
    Exposure,
    Look(Service::Auth),
    Look(Service::Menu),
    Look(Service::Reservation),
    Restore(Service::Auth),
    Restore(Service::Menu),
    Restore(Service::Reservation),
    Postgres(Service::Auth),
    Postgres(Service::Menu),
    Postgres(Service::Reservation),
    Watcher,
    Backup(Service::Auth),
    Backup(Service::Menu),
    Backup(Service::Reservation),
    Kafka,
    Topics,
    BeforeMigration(Service::Auth),
    BeforeMigration(Service::Menu),
    BeforeMigration(Service::Reservation),
    Migration(Service::Auth),
    Migration(Service::Menu),
    Migration(Service::Reservation),
    AfterRestore(Service::Auth),
    AfterRestore(Service::Menu),
    AfterRestore(Service::Reservation),
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
    ///
    /// No database is restored unless all three can be, and none starts unless all three are: a service never runs beside the data of another
    /// moment. Nobody waits for backups, except a migration for the one before it.
    pub fn waits_for(self) -> Vec<Step> {
        match self {
            Foundation | Exposure | Settings(_) => vec![],
            // The foundation has the key of the checksums. A new key in each reconcile would replace the database's Pod without end.
            Postgres(service) => [Foundation, Settings(service)].into_iter().chain(Service::ALL.map(Restore)).collect(),
            Look(service) => vec![Foundation, Settings(service)],
            Restore(_) => Service::ALL.map(Look).into(),
            AfterRestore(service) => vec![Migration(service)],
            Watcher => Service::ALL.map(Postgres).into(),
            Backup(service) => vec![Foundation, Settings(service), Postgres(service)],
            Kafka => vec![Foundation],
            Topics => vec![Kafka],
            BeforeMigration(service) => vec![Postgres(service)],
            Migration(service) => vec![Postgres(service), BeforeMigration(service)],
            House => {
                vec![Settings(Service::Reservation), Migration(Service::Reservation), AfterRestore(Service::Reservation)]
            }
            Deployment(Service::Reservation) => {
                let service = Service::Reservation;
                vec![Foundation, Settings(service), Migration(service), AfterRestore(service), House, Topics]
            }
            Deployment(service) => vec![Foundation, Settings(service), Migration(service), AfterRestore(service), Topics],
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
            Watcher | Backup(_) => ConditionType::BackupReady,
            Look(_) | Restore(_) | AfterRestore(_) => ConditionType::Restored,
            Kafka => ConditionType::KafkaReady,
            Topics => ConditionType::TopicsReady,
            BeforeMigration(_) | Migration(_) => ConditionType::MigrationsComplete,
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
            Watcher => "watcher",
            Backup(Service::Auth) => "backup-auth",
            Backup(Service::Menu) => "backup-menu",
            Backup(Service::Reservation) => "backup-reservation",
            Look(Service::Auth) => "look-auth",
            Look(Service::Menu) => "look-menu",
            Look(Service::Reservation) => "look-reservation",
            Restore(Service::Auth) => "restore-auth",
            Restore(Service::Menu) => "restore-menu",
            Restore(Service::Reservation) => "restore-reservation",
            AfterRestore(Service::Auth) => "after-restore-auth",
            AfterRestore(Service::Menu) => "after-restore-menu",
            AfterRestore(Service::Reservation) => "after-restore-reservation",
            Kafka => "kafka",
            Topics => "topics",
            BeforeMigration(Service::Auth) => "backup-before-migration-auth",
            BeforeMigration(Service::Menu) => "backup-before-migration-menu",
            BeforeMigration(Service::Reservation) => "backup-before-migration-reservation",
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
