//! The schedule by which the newest backup of a database is restored into a throw-away database and counted.

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::reconcile::build::job::{USAGE, failure_policy};
use crate::reconcile::build::{Object, stateful};
use crate::reconcile::names::verify_name;
use crate::reconcile::platform::{Backup, Place, Platform, Verify};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::super::Managed;
use super::job::{DEADLINE, HOPELESS, beside, scheduled};
use super::restore::filling_pod;
use super::{pod_labels, verify_component};

/// The number of retries. Each attempt has a volume of its own, which stays as long as its Pod.
const RETRIES: i32 = 1;
/// The seconds for which a Job that ended stays, with its Pods, what they said, and their volumes.
const STAYS: i32 = 60 * 60;

pub(super) fn object(managed: &Managed, platform: &Platform, backup: &Backup, verify: &Verify, service: Service) -> Object {
    let part = platform.part(verify_component(service)).version(&platform.program.version);
    // Nothing of it can reach the database: it has the volume of the backups, which it only reads, and one of its own.
    let volume = stateful::throw_away_volume(&managed.storage);
    let mut pod = filling_pod(managed, platform, &backup.repository, service, "verify", volume);
    pod.containers.iter_mut().for_each(|container| container.name = "verify".to_owned());
    if let Place::Claims(_) = &backup.repository.place {
        pod.affinity = Some(beside(platform, service));
    }
    let job = JobSpec {
        backoff_limit: Some(RETRIES),
        active_deadline_seconds: Some(DEADLINE),
        ttl_seconds_after_finished: Some(STAYS),
        pod_failure_policy: Some(failure_policy(&[USAGE, HOPELESS])),
        template: PodTemplateSpec { metadata: Some(ObjectMeta { labels: Some(pod_labels(&part)), ..Default::default() }), spec: Some(pod) },
        ..Default::default()
    };
    scheduled(&part, Step::Verify(service), &verify_name(&platform.name, service), &verify.schedule, job)
}
