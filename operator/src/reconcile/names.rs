//! The names of Secrets and of other objects that are found by name.

use super::service::Service;

/// The label with the component to which an object belongs.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The component of the Pods that apply the declared house.
pub const HOUSE: &str = "reservation-house";

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

/// The name of the objects of a broker, its claim included.
pub fn kafka_name(name: &str) -> String {
    format!("{name}-kafka")
}

/// The name of the KafkaTopic of a topic; `topic` has no prefix.
pub fn topic_name(name: &str, topic: &str) -> String {
    format!("{name}-{}", topic.replace('.', "-"))
}
