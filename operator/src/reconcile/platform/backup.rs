//! Backups and the restore, as a validated resource has them.

use std::time::Duration;

use jiff::Timestamp;

use crate::reconcile::service::{PerService, Service};

use super::values::{Resources, Secret, Storage};

/// The image of the program that makes backups.
#[derive(Clone, Debug)]
pub struct Program {
    /// The image's full name.
    pub image: String,
    /// Its tag or digest.
    pub version: String,
}

/// The backups of the databases.
#[derive(Clone, Debug)]
pub struct Backup {
    /// When base backups are made, as cron has it, in the restaurant's time zone.
    pub schedule: String,
    /// How many base backups are kept at least.
    pub count: Option<i32>,
    /// The age up to which base backups are kept: a whole number and a unit.
    pub age: Option<String>,
    /// What may be lost, in seconds.
    pub max_loss: u64,
    /// Whether a base backup is made before a migration of data.
    pub before_migration: bool,
    /// Where the backups are kept.
    pub repository: Repository,
    /// The size and class of the claims; `None` with S3.
    pub storage: Option<Storage>,
    /// The requests and limits of the Pods that make a base backup.
    pub resources: Resources,
    /// The text of the annotation that asks for a backup.
    pub requested: Option<String>,
    /// The password of the role `backup` of each database.
    pub passwords: PerService<Secret>,
    /// Their verification; `None`: they are not verified.
    pub verify: Option<Verify>,
}

/// The verification of the backups.
#[derive(Clone, Debug)]
pub struct Verify {
    /// When the newest backups are verified, as cron has it, in the restaurant's time zone.
    pub schedule: String,
    /// The age from which on a verification is late.
    pub late_after: Duration,
}

/// The part of the restore that is to be done.
#[derive(Clone, Debug)]
pub enum Restore {
    /// The moment is not chosen yet.
    Look(Source),
    /// All databases are restored to this moment.
    To(Source, Timestamp),
    /// It was done.
    Completed,
}

/// The backups that a restore begins with.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where they are.
    pub repository: Repository,
    /// A hash of the restore as the resource has it.
    pub hash: String,
    /// The moment that the resource asks for; `None`: the newest.
    pub asked: Option<Timestamp>,
    /// Whether the images follow the version of the backups, since neither the resource nor a volume
    /// has one.
    pub follows_version: bool,
    /// Whether the resource lacks Secrets that the backups may hold, and nobody has looked yet.
    pub awaits_keys: bool,
}

/// A place with backups.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The place.
    pub place: Place,
    /// The key with which they are encrypted; `None`: they are not.
    pub key: Option<Secret>,
}

/// The kind of a place with backups.
#[derive(Clone, Debug)]
pub enum Place {
    /// A claim for each database, by its name.
    Claims(PerService<String>),
    /// A folder in an object storage.
    S3(Box<S3>),
}

/// A folder in an object storage.
#[derive(Clone, Debug)]
pub struct S3 {
    /// The URL of the storage.
    pub endpoint: String,
    /// Its port.
    pub port: u16,
    /// The bucket.
    pub bucket: String,
    /// The folder.
    pub path: String,
    /// The region.
    pub region: String,
    /// Whether the bucket is named in the path of a URL.
    pub path_style: bool,
    /// The name of the Secret with the credentials.
    pub credentials: String,
    /// The certificates of the authority; `None`: the public ones.
    pub ca: Option<Secret>,
}

impl Repository {
    /// Where the backups are, for people.
    pub fn location(&self) -> String {
        match &self.place {
            Place::Claims(claims) => {
                let names = Service::ALL.map(|service| claims.of(service).as_str());
                format!("claims {}", names.join(", "))
            }
            Place::S3(s3) => format!("s3://{}/{}", s3.bucket, s3.path),
        }
    }

    /// The place of a database's backups and whether they are encrypted, as one text: another text means another repository.
    pub fn identity(&self, service: Service) -> String {
        let cipher = if self.key.is_some() { "encrypted" } else { "plain" };
        match &self.place {
            Place::Claims(claims) => format!("{cipher} claim {}", claims.of(service)),
            Place::S3(s3) => format!("{cipher} {} {} {}", s3.endpoint, s3.bucket, s3.path),
        }
    }
}

impl Restore {
    /// The backups that are looked at or restored; `None` once that is done.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Look(source) | Self::To(source, _) => Some(source),
            Self::Completed => None,
        }
    }
}
