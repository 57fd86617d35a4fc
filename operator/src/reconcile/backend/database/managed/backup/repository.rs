//! A repository as a container has it: its volumes, their mounts, and the variables that name them.

use k8s_openapi::api::core::v1::{EnvVar, KeyToPath, PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume, VolumeMount};

use crate::reconcile::build::pod::secret_file;
use crate::reconcile::platform::{Place, Repository, S3};
use crate::reconcile::references::S3_CREDENTIALS;
use crate::reconcile::service::Service;

use super::{variable, variables};

/// Where a claim with backups is mounted.
const CLAIM: &str = "/backup";
const CREDENTIALS: &str = "/etc/restaurant-booking/s3";
const CA: &str = "/etc/restaurant-booking/ca";
const ENCRYPTION: &str = "/etc/restaurant-booking/encryption";

/// How a container reaches a repository.
pub(super) struct Access {
    pub(super) volumes: Vec<Volume>,
    pub(super) mounts: Vec<VolumeMount>,
    pub(super) env: Vec<EnvVar>,
}

/// The access to the backups of a service's database.
pub(super) fn access(repository: &Repository, service: Service, read_only: bool) -> Access {
    let mut access = Access { volumes: Vec::new(), mounts: Vec::new(), env: vec![variable("BACKUP_DATABASE", service.as_str())] };
    match &repository.place {
        Place::Claims(claims) => access.claim(claims.of(service), read_only),
        Place::S3(s3) => access.s3(s3),
    }
    if let Some(key) = &repository.key {
        let (volume, mount, file) = secret_file(key, "encryption", ENCRYPTION, "key");
        access.volumes.push(volume);
        access.mounts.push(mount);
        access.env.push(variable("BACKUP_ENCRYPTION_KEY_FILE", &file));
    }
    access
}

impl Access {
    fn claim(&mut self, claim: &str, read_only: bool) {
        let source = PersistentVolumeClaimVolumeSource { claim_name: claim.to_owned(), ..Default::default() };
        self.volumes.push(Volume { name: "repository".to_owned(), persistent_volume_claim: Some(source), ..Default::default() });
        self.mounts.push(VolumeMount {
            name: "repository".to_owned(),
            mount_path: CLAIM.to_owned(),
            read_only: read_only.then_some(true),
            ..Default::default()
        });
        self.env.push(variable("BACKUP_FOLDER", CLAIM));
    }

    fn s3(&mut self, s3: &S3) {
        let items = S3_CREDENTIALS.map(|key| KeyToPath { key: key.to_owned(), path: key.to_owned(), ..Default::default() });
        // The whole folder is mounted: a rotated key then reaches the container without a restart.
        let source = SecretVolumeSource {
            secret_name: Some(s3.credentials.clone()),
            items: Some(items.into()),
            default_mode: Some(0o440),
            ..Default::default()
        };
        self.volumes.push(Volume { name: "s3".to_owned(), secret: Some(source), ..Default::default() });
        self.mounts.push(VolumeMount {
            name: "s3".to_owned(),
            mount_path: CREDENTIALS.to_owned(),
            read_only: Some(true),
            ..Default::default()
        });
        self.env.extend(variables([
            ("BACKUP_S3_ENDPOINT", s3.endpoint.clone()),
            ("BACKUP_S3_BUCKET", s3.bucket.clone()),
            ("BACKUP_S3_PATH", s3.path.clone()),
            ("BACKUP_S3_REGION", s3.region.clone()),
            ("BACKUP_S3_PATH_STYLE", s3.path_style.to_string()),
            ("BACKUP_S3_CREDENTIALS", CREDENTIALS.to_owned()),
        ]));
        if let Some(ca) = &s3.ca {
            let (volume, mount, file) = secret_file(ca, "ca", CA, "ca.crt");
            self.volumes.push(volume);
            self.mounts.push(mount);
            self.env.push(variable("BACKUP_S3_CA_FILE", &file));
        }
    }
}
