//! What a step needs beyond the objects that it applies, by the kind of the databases and of the broker. Pure.

use super::platform::{KafkaBackend, Platform, Postgres, Secret};
use super::step::Step;

/// What a step needs beyond its objects.
#[derive(Debug)]
pub enum Beyond<'a> {
    /// Nothing.
    Nothing,
    /// A Secret that another product creates when its object is ready.
    Secret(&'a Secret),
    /// Topics, which the operator creates through the broker.
    Topics,
}

impl Platform {
    /// What a step needs beyond its objects.
    pub fn beyond(&self, step: Step) -> Beyond<'_> {
        match (step, &self.postgres, &self.kafka.backend) {
            (Step::Postgres(service), Postgres::CloudNativePg { .. }, _) if self.databases.of(service).checksum.is_empty() => {
                Beyond::Secret(self.databases.of(service))
            }
            // The topics of Strimzi are objects.
            (Step::Topics, _, KafkaBackend::Managed { .. } | KafkaBackend::External) => Beyond::Topics,
            _ => Beyond::Nothing,
        }
    }
}
