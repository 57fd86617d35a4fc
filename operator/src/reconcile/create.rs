//! Creates objects. A creation that finds the name taken changes nothing, so that an object of somebody else is never written, whenever it was
//! made.

use std::sync::atomic::Ordering;

use kube::api::PostParams;
use kube::core::Status;
use kube::{Error, ResourceExt as _};
use serde_json::Value;
use tracing::info;

use super::apply::{Applier, Created};
use super::build::MANAGER;
use super::failure::Failure;
use super::kind::Kind;
use super::observe::Observed;
use super::step::Step;
use super::version::Version;
use super::volume::Volume;
use crate::timing::REQUEST;

impl Applier<'_> {
    /// Creates an object that no watch has reported.
    pub(super) async fn create(&self, step: Step, kind: Kind, name: &str, wanted: &Value) -> Result<Created, Failure> {
        self.metrics.write(kind.plural(), "create");
        let object = serde_json::from_value(wanted.clone()).expect("a wanted object has a kind and metadata");
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..Default::default() };
        match tokio::time::timeout(REQUEST, self.api(kind).create(&params, &object)).await {
            Err(_) => Err(Failure::timeout(step, "create", kind, name)),
            Ok(Err(Error::Api(answer))) if is_taken(&answer) => self.taken(step, kind, name).await,
            Ok(Err(error)) => Err(Failure::of_request(step, "create", kind, name, &error)),
            Ok(Ok(made)) => {
                info!(kind = kind.as_str(), name, namespace = self.owner.namespace, "created");
                if kind == Kind::PersistentVolumeClaim {
                    self.children.made_with(self.owner, name, Volume::of(made.annotations()));
                }
                let made = serde_json::to_value(made).expect("an object is JSON");
                if kind == Kind::Secret {
                    self.secrets.written(self.owner, name, &made);
                }
                Ok(Created::New(made))
            }
        }
    }

    /// Looks at the object that has a wanted name.
    async fn taken(&self, step: Step, kind: Kind, name: &str) -> Result<Created, Failure> {
        let later = || {
            self.again.store(true, Ordering::Relaxed);
            Created::Later(Observed::waiting(format!("{} {name} exists already, and is looked at first", kind.as_str())))
        };
        // It is gone again.
        let Some(live) = self.get(step, kind, name).await? else { return Ok(later()) };
        self.is_ours(step, kind, name, &live)?;
        let is_considered = match kind {
            // Its password is in use.
            Kind::Secret => {
                let version = Version::of(live["metadata"]["resourceVersion"].as_str().unwrap_or_default());
                let is_read = self.secrets.is_read(self.owner, name, version);
                self.secrets.written(self.owner, name, &live);
                is_read
            }
            // The version of the database is that of its volume.
            Kind::PersistentVolumeClaim => {
                let volume = serde_json::from_value(live["metadata"]["annotations"].clone()).ok().and_then(|all| Volume::of(&all));
                let is_known = self.children.volume(self.owner, name).flatten() == volume;
                self.children.made_with(self.owner, name, volume);
                is_known
            }
            _ => true,
        };
        Ok(if is_considered { Created::Exists(live) } else { later() })
    }
}

/// Whether the API server says that the name of a new object is taken. A conflict may have other reasons, such as a quota.
fn is_taken(answer: &Status) -> bool {
    answer.code == 409 && answer.reason == "AlreadyExists"
}
