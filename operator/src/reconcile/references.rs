//! The references of a resource: Secrets of users and of other operators, Secrets that the operator generated, and kinds of the cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::RestoreStatus;

use super::kind::Kind;
use super::names::{admin_name, backup_name, database_name, keys_name, links_name, seal_name};
use super::service::{PerService, Service};
use super::volume::Volume;

/// The data of a Secret.
pub type SecretData = BTreeMap<String, Vec<u8>>;

/// The references of a resource, as they were read.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// The Secrets of [`names`](super::secrets::names) that exist.
    pub secrets: BTreeMap<String, SecretData>,
    /// Secrets that exist but lack the label [`USABLE`].
    pub unusable: BTreeSet<String>,
    /// The optional kinds that the cluster has.
    pub kinds: BTreeSet<Kind>,
    /// The credentials that the operator generates.
    pub credentials: Credentials,
    /// The settings that the volumes of managed databases were made with; `None` if there is no volume yet.
    pub volumes: PerService<Option<Volume>>,
    /// The claims that the restore reads and that exist, each with whether it has the label [`USABLE`].
    pub claims: BTreeMap<String, bool>,
    /// What the status has of the restore.
    pub restore: Option<Box<RestoreStatus>>,
    /// The Secrets that the backups of the restore hold; `None` where nobody has looked yet.
    pub opened: Option<BTreeMap<String, SecretData>>,
}

impl References {
    /// Completes the credentials of resource `name`: from its Secrets, then from those that come with backups, and the rest is generated. No
    /// Secret that exists is another for what a backup holds.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn complete(&mut self, name: &str) -> Result<(), NoRandomness> {
        for (secret, data) in self.opened.iter().flatten() {
            self.secrets.entry(secret.clone()).or_insert_with(|| data.clone());
        }
        self.credentials = Credentials::complete(name, &self.secrets)?;
        Ok(())
    }
}

/// The credentials that are generated once and kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credentials {
    /// Key of the generated Secret with the administrator's password.
    pub admin_password: String,
    /// The password of the owner of each managed database.
    pub database_passwords: PerService<String>,
    /// The password of the role `backup` of each managed database.
    pub backup_passwords: PerService<String>,
    /// The private key that signs tokens: PKCS#8, PEM.
    pub private_key: String,
    /// The public keys that verify tokens: a JWK set.
    pub key_set: String,
    /// The keys that sign the links of bookings, a key a line.
    pub link_keys: String,
    /// The key of the checksums of Secrets that Pods carry. It is used for nothing else: a new key replaces every Pod.
    pub seal: String,
}

/// Key of the generated Secret with the administrator's e-mail address.
pub const ADMIN_EMAIL: &str = "email";
/// Key of the generated Secret with the administrator's password.
pub const ADMIN_PASSWORD: &str = "password";
/// Key of a database's Secret with the password of its owner.
pub const DATABASE_PASSWORD: &str = "password";
/// Key of a database's Secret with the complete URL.
pub const DATABASE_URL: &str = "url";
/// The keys of a Secret with the credentials of an object storage.
pub const S3_CREDENTIALS: [&str; 2] = ["accessKeyId", "secretAccessKey"];
/// Key of the generated Secret with the private key.
pub const PRIVATE_KEY: &str = "private.pem";
/// Key of the generated Secret with the key of the checksums.
pub const SEAL: &str = "key";
/// Key of the generated Secret with the keys that sign the links of bookings.
pub const LINK_KEYS: &str = "keys";
/// Key of the generated Secret with the public keys.
pub const KEY_SET: &str = "jwks.json";

/// The error if nothing can be generated.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness: {0}")]
pub struct NoRandomness(String);

impl Credentials {
    /// The values that the Secrets of resource `name` have, and new values for those that are missing.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn complete(name: &str, secrets: &BTreeMap<String, SecretData>) -> Result<Self, NoRandomness> {
        let kept = |secret: &str, key: &str| {
            let value = secrets.get(secret)?.get(key)?;
            String::from_utf8(value.clone()).ok().filter(|text| !text.is_empty())
        };
        let or_new = |value: Option<String>| value.map_or_else(password, Ok);
        let keys = keys_name(name);
        let (private_key, key_set) = match (kept(&keys, PRIVATE_KEY), kept(&keys, KEY_SET)) {
            (Some(private_key), Some(key_set)) => (private_key, key_set),
            // A private key and a key set work only together.
            _ => {
                let pair = auth::keys::pair().map_err(|error| NoRandomness(error.to_string()))?;
                (pair.private_key, pair.key_set)
            }
        };
        let database = |service| or_new(kept(&database_name(name, service), DATABASE_PASSWORD));
        let backup = |service: Service| or_new(kept(&backup_name(name), service.as_str()));
        Ok(Self {
            backup_passwords: PerService {
                auth: backup(Service::Auth)?,
                menu: backup(Service::Menu)?,
                reservation: backup(Service::Reservation)?,
            },
            admin_password: or_new(kept(&admin_name(name), ADMIN_PASSWORD))?,
            database_passwords: PerService {
                auth: database(Service::Auth)?,
                menu: database(Service::Menu)?,
                reservation: database(Service::Reservation)?,
            },
            private_key,
            key_set,
            link_keys: kept(&links_name(name), LINK_KEYS).map_or_else(link_key, Ok)?,
            seal: or_new(kept(&seal_name(name), SEAL))?,
        })
    }

    /// Placeholders for generated values, for a plan.
    pub fn placeholder() -> Self {
        let text = || "<generated>".to_owned();
        Self {
            admin_password: text(),
            database_passwords: PerService::new(|_| text()),
            backup_passwords: PerService::new(|_| text()),
            private_key: text(),
            key_set: text(),
            link_keys: text(),
            seal: text(),
        }
    }
}

/// 24 characters out of 64, which are 144 bits. None of the characters has a meaning in a URL, in SQL or to a shell.
fn password() -> Result<String, NoRandomness> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect())
}

/// A key of links, as `LINK_KEY_FILE` has it: 64 hexadecimal digits.
fn link_key() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The label by which the owner of a Secret allows resources to use it.
pub const USABLE: &str = "restaurantbooking.dev/usable";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_backup_holds_stands_in_for_what_is_missing_alone() {
        let secret = |key: &str, value: &str| SecretData::from([(key.to_owned(), value.as_bytes().to_vec())]);
        let mut references = References {
            secrets: BTreeMap::from([("trattoria-links".to_owned(), secret(LINK_KEYS, "of the resource"))]),
            opened: Some(BTreeMap::from([
                ("trattoria-links".to_owned(), secret(LINK_KEYS, "of the backup")),
                ("trattoria-admin".to_owned(), secret(ADMIN_PASSWORD, "of the backup")),
                // A private key without its key set is good for nothing.
                ("trattoria-jwt".to_owned(), secret(PRIVATE_KEY, "of the backup")),
            ])),
            ..Default::default()
        };
        references.complete("trattoria").expect("credentials");
        let Credentials { link_keys, admin_password, private_key, key_set, seal, .. } = references.credentials;
        assert_eq!((link_keys.as_str(), admin_password.as_str()), ("of the resource", "of the backup"));
        assert!(private_key.starts_with("-----BEGIN") && key_set.contains("keys") && seal.len() == 24);
    }
}
