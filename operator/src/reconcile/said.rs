//! What Pods said at their end, in their termination messages.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::api::{Api, ListParams};

use super::apply::Applier;
use super::build::INSTANCE;
use super::failure::Failure;
use super::kind::Kind;
use super::names::COMPONENT;
use super::step::Step;
use crate::timing;

/// What a container said at its end.
#[derive(Clone, Debug)]
pub struct Words {
    /// When it ended.
    pub at: Option<Timestamp>,
    /// Its termination message.
    pub message: String,
}

impl Applier<'_> {
    /// The last words of the Pods of a Job that have ended.
    ///
    /// # Errors
    /// The API server refuses the request, or does not answer.
    pub async fn said(&self, step: Step, job: &str) -> Result<Option<String>, Failure> {
        let words = self.words(step, job, &format!("batch.kubernetes.io/job-name={job}")).await?;
        Ok(words.into_iter().next().map(|words| words.message))
    }

    /// What the Pods of a part of the platform said at their ends, the last first.
    ///
    /// # Errors
    /// The API server refuses the request, or does not answer.
    pub async fn said_by(&self, step: Step, component: &str) -> Result<Vec<Words>, Failure> {
        self.words(step, component, &format!("{INSTANCE}={},{COMPONENT}={component}", self.owner.name)).await
    }

    async fn words(&self, step: Step, of: &str, selector: &str) -> Result<Vec<Words>, Failure> {
        let api = Api::<Pod>::namespaced(self.client.clone(), &self.owner.namespace);
        let own = ListParams::default().labels(selector);
        let pods = match tokio::time::timeout(timing::REQUEST, api.list(&own)).await {
            Err(_) => return Err(Failure::timeout(step, "list the Pods of", Kind::Job, of)),
            Ok(Err(error)) => return Err(Failure::of_request(step, "list the Pods of", Kind::Job, of, &error)),
            Ok(Ok(pods)) => pods.items,
        };
        let mut words: Vec<_> = pods
            .into_iter()
            .filter_map(|pod| {
                let status = pod.status?.container_statuses?.into_iter().next()?;
                // A container that was started again said it before.
                let ended = |state: Option<k8s_openapi::api::core::v1::ContainerState>| state?.terminated;
                let ContainerStateTerminated { finished_at, message, .. } = ended(status.state).or(ended(status.last_state))?;
                Some(Words { at: finished_at.map(|time| time.0), message: message? })
            })
            .collect();
        words.sort_by_key(|words| std::cmp::Reverse(words.at));
        Ok(words)
    }
}
