//! Backups and the restore, with defaults for missing fields.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::{self, ConditionType, Encryption, LocalReference, RestaurantBookingSpec, SecretKeyReference, parse_duration};
use crate::reconcile::backend::database;
use crate::reconcile::checksum::checksum;
use crate::reconcile::names::{backup_claim_name, backup_name};
use crate::reconcile::platform::{Backup, Place, Repository, Restore, S3, Secret, Source};
use crate::reconcile::reason::{BACKUP_NOT_SUPPORTED, CLAIM_NOT_FOUND, CLAIM_NOT_USABLE, INVALID_SECRET, INVALID_SPEC};
use crate::reconcile::references::{S3_CREDENTIALS, USABLE};
use crate::reconcile::service::{PerService, Service};
use crate::timing::{GREATEST_LOSS, LEAST_LOSS, USUAL_LOSS};

use super::amounts::{Usual, resources, storage};
use super::check::Check;
use super::schedule;

/// The fewest characters of a key of encryption.
const LEAST_KEY: usize = 16;
/// pgBackRest holds a few buffers for each process.
static JOB: Usual = Usual { requests: &[("cpu", "50m"), ("memory", "64Mi")], limits: &[("memory", "256Mi")] };
/// The base backups that are kept without another wish.
const KEPT: i32 = 7;

impl Check<'_> {
    /// The backups of a resource; `requested` is the text of the annotation that asks for one.
    pub(super) fn backup(&mut self, spec: &RestaurantBookingSpec, requested: Option<String>) -> Option<Backup> {
        let given = spec.backup.as_ref()?;
        let condition = ConditionType::BackupReady;
        self.is_supported(condition, "spec.backup", spec);
        let schedule = given.schedule.clone().unwrap_or_else(|| schedule::NIGHTLY.to_owned());
        if let Some(fault) = schedule::fault(&schedule) {
            self.refuse(condition, INVALID_SPEC, format!("spec.backup.schedule is {schedule:?}: {fault}"));
        }
        let place = match &given.storage.s3 {
            Some(s3) => Place::S3(Box::new(self.s3(condition, "spec.backup.storage.s3", s3))),
            None => Place::Claims(PerService::new(|service| backup_claim_name(&self.name, service))),
        };
        let key = self.key(condition, "spec.backup.encryption", given.encryption.as_ref());
        let retention = given.retention.clone().unwrap_or_default();
        let count = retention.count.or_else(|| retention.age.is_none().then_some(KEPT));
        let passwords = PerService::new(|service| {
            let password = self.references.credentials.backup_passwords.of(service);
            Secret { name: backup_name(&self.name), key: service.as_str().to_owned(), checksum: self.seal(password.as_bytes()) }
        });
        Some(Backup {
            max_loss: self.max_loss(given.max_loss.as_deref()).as_secs(),
            storage: given.storage.s3.is_none().then(|| storage(given.storage.claim.as_ref())),
            resources: resources(given.resources.as_ref(), &JOB),
            repository: Repository { place, key },
            age: retention.age,
            count,
            schedule,
            requested,
            passwords,
        })
    }

    fn max_loss(&mut self, given: Option<&str>) -> Duration {
        let Some(text) = given else { return USUAL_LOSS };
        let loss = parse_duration(text).filter(|loss| (LEAST_LOSS..=GREATEST_LOSS).contains(loss));
        if loss.is_none() {
            let message = format!("spec.backup.maxLoss is {text:?}; it must be from 10s to 1h, such as 1m");
            self.refuse(ConditionType::BackupReady, INVALID_SPEC, message);
        }
        loss.unwrap_or(USUAL_LOSS)
    }

    /// The restore of a resource, as far as its status tells that it is done.
    pub(super) fn restore(&mut self, spec: &RestaurantBookingSpec, backup: Option<&Backup>) -> Option<Restore> {
        let given = spec.restore.as_ref()?;
        let hash = restore_hash(given);
        let done = self.references.restore.clone().filter(|status| status.source == hash).unwrap_or_default();
        // What it was restored from may be gone since.
        if done.completed.is_some() {
            return Some(Restore::Completed);
        }
        let condition = ConditionType::Restored;
        self.is_supported(condition, "spec.restore", spec);
        let place = match (&given.s3, &given.claims) {
            (Some(s3), _) => Place::S3(Box::new(self.s3(condition, "spec.restore.s3", s3))),
            (None, claims) => Place::Claims(self.claims(&claims.clone().unwrap_or_default())),
        };
        let repository = Repository { key: self.key(condition, "spec.restore.encryption", given.encryption.as_ref()), place };
        self.is_another_place(&repository, backup);
        let asked = given.target_time.as_deref().and_then(|text| {
            let moment = text.parse::<Timestamp>().ok();
            if moment.is_none() {
                let message = format!("spec.restore.targetTime is {text:?}; it must be a moment such as 2026-11-30T03:14:00+01:00");
                self.refuse(condition, INVALID_SPEC, message);
            }
            moment
        });
        let managed = spec.postgres.as_ref().and_then(|postgres| postgres.managed.as_ref());
        let has_volume = Service::ALL.into_iter().any(|service| self.references.volumes.of(service).is_some());
        let follows_version = managed.is_none_or(|managed| managed.version.is_none()) && !has_volume;
        let source = Source { repository, hash, asked, follows_version };
        Some(match done.target_time {
            Some(target) => Restore::To(source, target.0),
            None => Restore::Look(source),
        })
    }

    /// Only managed databases are backed up here, of a version that the tool knows.
    fn is_supported(&mut self, condition: ConditionType, path: &str, spec: &RestaurantBookingSpec) {
        if let Some(why) = database::refuses_backup(self, spec) {
            self.refuse(condition, BACKUP_NOT_SUPPORTED, format!("{path}: {why}"));
        }
    }

    fn s3(&mut self, condition: ConditionType, path: &str, given: &api::S3) -> S3 {
        for key in S3_CREDENTIALS {
            let reference = SecretKeyReference { name: given.credentials_secret_ref.name.clone(), key: key.to_owned() };
            self.secret(condition, &format!("{path}.credentialsSecretRef"), &reference);
        }
        let ca = given.ca_secret_ref.as_ref().map(|reference| {
            let (secret, text) = self.secret(condition, &format!("{path}.caSecretRef"), reference);
            if !secret.checksum.is_empty() && !text.contains("-----BEGIN CERTIFICATE-----") {
                let message = format!(
                    "{path}.caSecretRef: key {:?} of Secret {:?} must hold certificates in PEM, which begin with -----BEGIN CERTIFICATE-----",
                    reference.key, reference.name
                );
                self.refuse(condition, INVALID_SECRET, message);
            }
            secret
        });
        S3 {
            port: given.endpoint.trim_start_matches("https://").rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(443),
            endpoint: given.endpoint.clone(),
            bucket: given.bucket.clone(),
            path: given.path.clone().unwrap_or_else(|| format!("{}/{}", self.namespace, self.name)),
            region: given.region.clone().unwrap_or_else(|| "us-east-1".to_owned()),
            path_style: given.path_style.unwrap_or(true),
            credentials: given.credentials_secret_ref.name.clone(),
            ca,
        }
    }

    fn key(&mut self, condition: ConditionType, path: &str, given: Option<&Encryption>) -> Option<Secret> {
        let reference = &given?.key_secret_ref;
        let (secret, text) = self.secret(condition, &format!("{path}.keySecretRef"), reference);
        if !secret.checksum.is_empty() && text.trim().chars().count() < LEAST_KEY {
            let message = format!(
                "{path}.keySecretRef: key {:?} of Secret {:?} must have at least {LEAST_KEY} characters, such as those of openssl rand -base64 32",
                reference.key, reference.name
            );
            self.refuse(condition, INVALID_SECRET, message);
        }
        Some(secret)
    }

    /// The claims of a restore, which must exist and be released for it.
    fn claims(&mut self, given: &api::RestoreClaims) -> PerService<String> {
        let of = |service| -> &LocalReference {
            match service {
                Service::Auth => &given.auth,
                Service::Menu => &given.menu,
                Service::Reservation => &given.reservation,
            }
        };
        for service in Service::ALL {
            let (path, name) = (format!("spec.restore.claims.{}", service.as_str()), &of(service).name);
            let (reason, message) = match self.references.claims.get(name) {
                Some(true) => continue,
                Some(false) => (
                    CLAIM_NOT_USABLE,
                    format!(
                        "{path}: PersistentVolumeClaim {name:?} is not released for RestaurantBookings; its owner releases it with: kubectl \
                         label persistentvolumeclaim {name} {USABLE}=true"
                    ),
                ),
                None => (CLAIM_NOT_FOUND, format!("{path}: there is no PersistentVolumeClaim {name:?} in the resource's namespace")),
            };
            self.refuse(ConditionType::Restored, reason, message);
        }
        PerService::new(|service| of(service).name.clone())
    }

    /// The restored databases have the identity of their origin, so that pgBackRest could not tell the logs of both apart.
    fn is_another_place(&mut self, source: &Repository, backup: Option<&Backup>) {
        let same = |service| backup.is_some_and(|backup| is_same(&backup.repository.place, &source.place, service));
        if Service::ALL.into_iter().any(same) {
            let message = format!(
                "spec.restore reads the place that spec.backup writes ({}): two databases of one origin must not write into one place; give \
                 spec.backup another path, such as {}-2",
                source.location(),
                self.name
            );
            self.refuse(ConditionType::Restored, INVALID_SPEC, message);
        }
    }
}

fn is_same(one: &Place, other: &Place, service: Service) -> bool {
    match (one, other) {
        (Place::Claims(one), Place::Claims(other)) => one.of(service) == other.of(service),
        (Place::S3(one), Place::S3(other)) => (&one.endpoint, &one.bucket, &one.path) == (&other.endpoint, &other.bucket, &other.path),
        _ => false,
    }
}

/// A hash that stands for a restore in the status.
fn restore_hash(restore: &api::Restore) -> String {
    checksum(&serde_json::to_vec(restore).expect("a restore is JSON"))[..16].to_owned()
}
