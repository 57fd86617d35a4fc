//! The names of Secrets and of other objects that are found by name.

use super::checksum::checksum;
use super::service::Service;

/// The label with the component to which an object belongs.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The component of the Pods that apply the declared house.
pub const HOUSE: &str = "reservation-house";

/// The component of what all databases share for their backups: the passwords and the account of the Jobs.
pub const BACKUP: &str = "backup";
/// The component of what watches the archives.
pub const WATCHER: &str = "backup-watcher";
/// The port of what watches the archives.
pub const WATCHER_PORT: u16 = 8080;

/// The name of the Secret with the keys that sign and verify tokens.
pub fn keys_name(name: &str) -> String {
    format!("{name}-jwt")
}

/// The name of the Secret with the keys that sign the links of bookings.
pub fn links_name(name: &str) -> String {
    format!("{name}-links")
}

/// The name of the Secret with the key of the checksums that Pods carry.
pub fn seal_name(name: &str) -> String {
    format!("{name}-seal")
}

/// The name of the Secret with the generated password of the administrator.
pub fn admin_name(name: &str) -> String {
    format!("{name}-admin")
}

/// The name of the objects of a service's database, including its claim and the Secret with its credentials.
pub fn database_name(name: &str, service: Service) -> String {
    format!("{name}-{}-postgres", service.as_str())
}

/// The name of the Secret with the passwords of the role `backup`, and of what watches the archives.
pub fn backup_name(name: &str) -> String {
    format!("{name}-backup")
}

/// The name of the objects that back up a service's database, including the claim with the backups.
pub fn backup_claim_name(name: &str, service: Service) -> String {
    format!("{name}-{}-backup", service.as_str())
}

/// The name of the schedule by which the backups of a service's database are verified.
pub fn verify_name(name: &str, service: Service) -> String {
    format!("{name}-{}-verify", service.as_str())
}

/// The name of the Job that makes the first backup of a service's database into a repository, which its identity stands for; of
/// CloudNativePG's schedule, which begins with that backup.
pub fn first_backup_name(name: &str, service: Service, identity: &str) -> String {
    format!("{}-{}", backup_claim_name(name, service), &checksum(identity.as_bytes())[..10])
}

/// The name of the object that makes a backup on demand of a service's database, which the text of the annotation stands for.
pub fn requested_backup_name(name: &str, service: Service, text: &str) -> String {
    format!("{}-{}", backup_claim_name(name, service), &checksum(format!("on demand {text}").as_bytes())[..10])
}

/// The name of the objects of a broker, its claim included.
pub fn kafka_name(name: &str) -> String {
    format!("{name}-kafka")
}

/// The name of the KafkaTopic of a topic; `topic` has no prefix.
pub fn topic_name(name: &str, topic: &str) -> String {
    format!("{name}-{}", topic.replace('.', "-"))
}
