//! The names of Secrets and of what else is found again by its name.

use super::service::Service;

/// Name of the Secret with the keys that sign and verify tokens.
pub fn keys_name(name: &str) -> String {
    format!("{name}-jwt")
}

/// Name of the Secret with the key of the checksums that Pods carry.
pub fn seal_name(name: &str) -> String {
    format!("{name}-seal")
}

/// Name of the Secret with the generated password of the administrator.
pub fn admin_name(name: &str) -> String {
    format!("{name}-admin")
}

/// Name of what makes up a service's database: also of its claim, and of the Secret with its credentials.
pub fn database_name(name: &str, service: Service) -> String {
    format!("{name}-{}-postgres", service.as_str())
}

/// Name of what makes up a broker: also of its claim.
pub fn kafka_name(name: &str) -> String {
    format!("{name}-kafka")
}

/// Name of the object that is a topic of Strimzi's; `topic` is without prefix.
pub fn topic_name(name: &str, topic: &str) -> String {
    format!("{name}-{}", topic.replace('.', "-"))
}

/// Name of the Secret that CloudNativePG makes for the owner of a database.
pub fn cloud_native_pg_secret_name(name: &str, service: Service) -> String {
    format!("{name}-{}-postgres-app", service.as_str())
}
