//! The database of a service that CloudNativePG runs: a Cluster of a primary and its replica.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::Api;
use serde_json::{Value, json};

use crate::restaurant::{Restaurant, spec};
use crate::world::{World, eventually};
use crate::{Result, Skipped};

/// The definition of Clusters, as kubectl names the kind.
const CLUSTERS: &str = "clusters.postgresql.cnpg.io";
/// How long instances may take to come, to go and to change their roles.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// A Cluster.
pub(crate) struct Cluster<'r> {
    restaurant: &'r Restaurant<'r>,
    /// Its name.
    pub(crate) name: String,
    database: &'static str,
}

impl World {
    /// The restaurant whose databases CloudNativePG runs, two instances of each.
    ///
    /// # Errors
    /// [`Skipped`], where CloudNativePG is not installed.
    pub(crate) async fn enoteca(&self) -> Result<Restaurant<'_>> {
        if Api::<CustomResourceDefinition>::all(self.client.clone()).get_opt(CLUSTERS).await?.is_none() {
            return Err(Skipped(format!("the cluster has no CloudNativePG: the definition {CLUSTERS} is missing")).into());
        }
        let mut spec = spec("enoteca", 2);
        spec["postgres"] = json!({"cloudNativePG": {
            "instances": 2,
            "storage": {"size": "1Gi"},
            "resources": {"requests": {"cpu": "20m", "memory": "128Mi"}},
        }});
        let restaurant = self.restaurant_of("e2e-enoteca", "enoteca", &spec).await?;
        if self.disturbed.get() {
            restaurant.replace(&spec).await?;
            restaurant.ready().await?;
        }
        Ok(restaurant)
    }
}

impl Restaurant<'_> {
    /// The Cluster of reservation.
    pub(crate) fn cluster(&self) -> Cluster<'_> {
        Cluster { restaurant: self, name: self.part("reservation-postgres"), database: "res_db" }
    }
}

impl Cluster<'_> {
    /// The status, as its operator tells it.
    pub(crate) async fn status(&self) -> Result<Value> {
        let text = self.restaurant.kubectl(&["get", CLUSTERS, &self.name, "--output=json"]).await?;
        Ok(serde_json::from_str::<Value>(&text)?["status"].clone())
    }

    /// Waits until both instances are healthy, and gives the primary and the replica.
    pub(crate) async fn instances(&self) -> Result<(String, String)> {
        let both = async || {
            let status = self.status().await?;
            let primary = status["currentPrimary"].as_str().filter(|primary| status["targetPrimary"] == **primary);
            let healthy: Vec<&str> =
                status["instancesStatus"]["healthy"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let replica = healthy.iter().find(|instance| primary != Some(**instance));
            Ok(match (primary, replica) {
                (Some(primary), Some(replica)) if healthy.contains(&primary) => Some((primary.to_owned(), (*replica).to_owned())),
                _ => None,
            })
        };
        let (primary, replica) = eventually(&format!("both instances of {} are healthy", self.name), PATIENCE, both).await?;
        // An instance is healthy before it receives what the primary writes.
        let receives = async || {
            let count =
                self.ask(&primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'").await?;
            Ok((count == "1").then_some(()))
        };
        eventually(&format!("{replica} receives what {primary} writes"), PATIENCE, receives).await?;
        Ok((primary, replica))
    }

    /// Asks an instance, as its administrator, for a single value.
    pub(crate) async fn ask(&self, instance: &str, question: &str) -> Result<String> {
        let psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname", self.database, "--command", question];
        Ok(self.run(instance, &psql).await?.trim().to_owned())
    }

    /// Runs a program beside an instance.
    pub(crate) async fn run(&self, instance: &str, program: &[&str]) -> Result<String> {
        self.restaurant.kubectl(&[&["exec", instance, "--container=postgres", "--"], program].concat()).await
    }

    /// Waits until an instance has so many more bookings than it has now.
    pub(crate) async fn more_bookings(&self, instance: &str, more: u64) -> Result<()> {
        let count = async || Result::Ok(self.ask(instance, "SELECT count(*) FROM reservation").await?.parse::<u64>()?);
        let enough = count().await? + more;
        let are_there = async || Ok((count().await? >= enough).then_some(()));
        eventually(&format!("{more} more bookings are at {instance}"), PATIENCE, are_there).await
    }
}
