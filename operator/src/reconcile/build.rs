//! A validated platform in, Kubernetes objects out. Pure: no client, no clock, no randomness.

mod exposure;
mod foundation;
mod house;
pub(crate) mod job;
pub(crate) mod metadata;
pub(crate) mod migration;
mod monitoring;
pub(crate) mod network;
mod object;
pub(crate) mod pod;
pub(crate) mod stateful;
mod workload;

use std::time::Duration;

use super::backend::{broker, database};
use super::platform::Platform;
use super::service::Service;

pub use house::job_prefix as house_jobs;
pub use metadata::{INSTANCE, MANAGED_BY, MANAGER, VERSION};
pub use object::Object;

/// All objects of a platform.
pub fn build(platform: &Platform) -> Vec<Object> {
    let mut objects = foundation::objects(platform);
    objects.extend(network::policies(platform));
    objects.extend(exposure::routes(platform));
    objects.extend(monitoring::monitors(platform));
    for service in Service::ALL {
        objects.extend(database::of(platform).objects(platform, service));
        objects.push(migration::job(platform, service));
        objects.extend(workload::objects(platform, service));
    }
    objects.extend(database::of(platform).common_objects(platform));
    objects.extend(house::objects(platform));
    objects.extend(broker::of(platform).objects(platform));
    objects
}

/// The time that a Pod of a service has to stop: it finishes requests and publishes events.
const GRACE: Duration = Duration::from_secs(45);
