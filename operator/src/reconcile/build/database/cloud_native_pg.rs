//! A database by CloudNativePG (<https://cloudnative-pg.io/docs/>).

use serde_json::{Value, json};

use crate::api::SynchronousReplication;
use crate::reconcile::build::Object;
use crate::reconcile::kind::Kind;
use crate::reconcile::observe::version_of_image;
use crate::reconcile::platform::{Platform, Resources, Storage};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::reconcile::volume::Volume;

/// Seconds for which a primary that stops serves those who are connected, and refuses everybody else. The services stay connected as long as
/// they are served, so more than the least would only be an outage.
const SMART_SHUTDOWN_SECONDS: i32 = 1;
/// The version where the image does not tell one: CloudNativePG's default is newer.
const VERSION: &str = "17";

/// What a Cluster is made of.
pub(super) struct Cluster<'a> {
    pub(super) instances: i32,
    pub(super) synchronous_replication: SynchronousReplication,
    pub(super) image: Option<&'a str>,
    pub(super) storage: &'a Storage,
    pub(super) resources: &'a Resources,
}

impl Cluster<'_> {
    /// Its Pods have the label `cnpg.io/cluster`, and none of ours: CloudNativePG has `app.kubernetes.io` labels of its own, and writes
    /// without end where `inheritedMetadata` has others.
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

    /// CloudNativePG's default locale is C, which folds no letter but ASCII's.
    fn initdb(&self, service: Service) -> Value {
        let version = self.image.and_then(version_of_image).unwrap_or(VERSION);
        let mut initdb = json!({"database": service.database(), "owner": service.database(), "encoding": "UTF8", "locale": "C.UTF-8"});
        if Volume::new(version, "").locale_provider == "builtin" {
            initdb["localeProvider"] = "builtin".into();
            initdb["builtinLocale"] = "C.UTF-8".into();
        }
        initdb
    }

    /// Without it, a primary that dies takes what its replicas have not received yet along.
    fn synchronous(&self) -> Option<Value> {
        let data_durability = match self.synchronous_replication {
            SynchronousReplication::Required => "required",
            SynchronousReplication::Preferred => "preferred",
        };
        (self.instances > 1).then(|| json!({"method": "any", "number": 1, "dataDurability": data_durability}))
    }
}
