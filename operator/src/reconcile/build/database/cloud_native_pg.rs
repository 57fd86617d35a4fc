//! A database by CloudNativePG (<https://cloudnative-pg.io/docs/>).

use serde_json::json;

use crate::reconcile::build::Object;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::{Platform, Resources, Storage};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

/// Its Pods have the label `cnpg.io/cluster`, and none of ours: CloudNativePG has `app.kubernetes.io` labels of its own, and writes
/// without end where `inheritedMetadata` has others.
pub(super) fn cluster(
    platform: &Platform,
    service: Service,
    instances: i32,
    image: Option<&str>,
    storage: &Storage,
    resources: &Resources,
) -> Object {
    let part = super::part(platform, service, image);
    let parameters =
        super::max_connections(platform, service).map(|connections| json!({"parameters": {"max_connections": connections.to_string()}}));
    let spec = json!({
        "instances": instances,
        "imageName": image,
        "imagePullSecrets": platform.pull_secrets(),
        "bootstrap": {"initdb": {"database": service.database(), "owner": service.database()}},
        "postgresql": parameters,
        "storage": {"size": storage.size, "storageClass": storage.class},
        "resources": resources.requirements(),
    });
    part.object(Step::Postgres(service), Kind::Cluster, &platform.postgres_name(service), &json!({"spec": spec}))
}
