//! A database of CloudNativePG's (<https://cloudnative-pg.io/docs/>).

use serde_json::{Value, json};

use crate::api::SynchronousReplication;
use crate::reconcile::build::Object;
use crate::reconcile::kind::Kind;
use crate::reconcile::observe::version_of_image;
use crate::reconcile::platform::{Platform, Resources, Storage};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::reconcile::volume::Volume;

/// The seconds for which a stopping primary serves present connections and refuses new ones. The services stay connected as long as they
/// are served, so a longer time would only lengthen the outage.
const SMART_SHUTDOWN_SECONDS: i32 = 1;
/// The version if the image does not show it. CloudNativePG's default is newer.
const VERSION: &str = "17";

/// The settings of a Cluster.
pub(super) struct Cluster<'a> {
    pub(super) instances: i32,
    pub(super) synchronous_replication: SynchronousReplication,
    pub(super) image: Option<&'a str>,
    pub(super) storage: &'a Storage,
    pub(super) resources: &'a Resources,
}

impl Cluster<'_> {
    /// The Pods have the label `cnpg.io/cluster`, and none of the operator's: CloudNativePG sets `app.kubernetes.io` labels of its own, and
    /// writes without end if `inheritedMetadata` has others.
    pub(super) fn object(&self, platform: &Platform, service: Service) -> Object {
        let part = super::part(platform, service, self.image);
        let parameters = super::max_connections(platform, service).map(|connections| json!({"max_connections": connections.to_string()}));
        let spec = json!({
            "instances": self.instances,
            "imageName": self.image,
            "imagePullSecrets": platform.pull_secrets(),
            "bootstrap": {"initdb": self.initdb(service)},
            "postgresql": {"parameters": parameters, "synchronous": self.synchronous()},
            "smartShutdownTimeout": SMART_SHUTDOWN_SECONDS,
            "storage": {"size": self.storage.size, "storageClass": self.storage.class},
            "resources": self.resources.requirements(),
        });
        part.object(Step::Postgres(service), Kind::Cluster, &platform.postgres_name(service), &json!({"spec": spec}))
    }

    /// CloudNativePG's default locale is C, which folds the case of ASCII letters only.
    fn initdb(&self, service: Service) -> Value {
        let version = self.image.and_then(version_of_image).unwrap_or(VERSION);
        let mut initdb = json!({"database": service.database(), "owner": service.database(), "encoding": "UTF8", "locale": "C.UTF-8"});
        if Volume::new(version, "").locale_provider == "builtin" {
            initdb["localeProvider"] = "builtin".into();
            initdb["builtinLocale"] = "C.UTF-8".into();
        }
        initdb
    }

    /// Without synchronous replication, a primary that dies loses the writes that its replicas have not received.
    fn synchronous(&self) -> Option<Value> {
        let data_durability = match self.synchronous_replication {
            SynchronousReplication::Required => "required",
            SynchronousReplication::Preferred => "preferred",
        };
        (self.instances > 1).then(|| json!({"method": "any", "number": 1, "dataDurability": data_durability}))
    }
}
