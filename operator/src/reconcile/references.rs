//! The references of a resource: Secrets of users and of other operators, Secrets that the operator generated, and kinds of the cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{RestaurantBookingSpec, SecretKeyReference};

use super::kind::Kind;
use super::names::{admin_name, cloud_native_pg_secret_name, database_name, keys_name, links_name, seal_name};
use super::service::{PerService, Service};
use super::volume::Volume;

/// The data of a Secret.
pub type SecretData = BTreeMap<String, Vec<u8>>;

/// The references of a resource, as they were read.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// The Secrets of [`names`] that exist.
    pub secrets: BTreeMap<String, SecretData>,
    /// Secrets that exist but lack the label [`USABLE`].
    pub unusable: BTreeSet<String>,
    /// The optional kinds that the cluster has.
    pub kinds: BTreeSet<Kind>,
    /// The credentials that the operator generates.
    pub credentials: Credentials,
    /// The settings that the volumes of managed databases were made with; `None` if there is no volume yet.
    pub volumes: PerService<Option<Volume>>,
}

/// The credentials that are generated once and kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credentials {
    /// Key of the generated Secret with the administrator's password.
    pub admin_password: String,
    /// The password of the owner of each managed database.
    pub database_passwords: PerService<String>,
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
/// Key of CloudNativePG's Secret with the complete URL.
pub const CLOUD_NATIVE_PG_URL: &str = "uri";
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
        Ok(Self {
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

/// The names of the Secrets that the operator generates for a resource.
pub fn generated(name: &str, spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let mut names = BTreeSet::from([keys_name(name), links_name(name), seal_name(name)]);
    if spec.admin.as_ref().is_none_or(|admin| admin.password_secret_ref.is_none()) {
        names.insert(admin_name(name));
    }
    if spec.postgres.as_ref().is_none_or(|postgres| postgres.external.is_none() && postgres.cloud_native_pg.is_none()) {
        names.extend(Service::ALL.map(|service| database_name(name, service)));
    }
    names
}

/// The label by which the owner of a Secret allows resources to use it.
pub const USABLE: &str = "restaurantbooking.dev/usable";

/// The names of the Secrets that the operator or CloudNativePG creates for the resource.
pub fn made_for(name: &str, spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let mut names = generated(name, spec);
    if spec.postgres.as_ref().is_some_and(|postgres| postgres.cloud_native_pg.is_some()) {
        names.extend(Service::ALL.map(|service| cloud_native_pg_secret_name(name, service)));
    }
    names
}

/// The names of the Secrets that the resource refers to.
pub fn named(spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let mut references: Vec<&SecretKeyReference> = spec.admin.iter().filter_map(|admin| admin.password_secret_ref.as_ref()).collect();
    if let Some(external) = spec.postgres.as_ref().and_then(|postgres| postgres.external.as_ref()) {
        references.extend([&external.auth, &external.menu, &external.reservation].map(|database| &database.url_secret_ref));
    }
    if let Some(external) = spec.kafka.as_ref().and_then(|kafka| kafka.external.as_ref()) {
        if let Some(tls) = &external.tls {
            references.extend([&tls.ca_secret_ref, &tls.certificate_secret_ref, &tls.key_secret_ref].into_iter().flatten());
        }
        if let Some(sasl) = &external.sasl {
            references.extend([&sasl.username_secret_ref, &sasl.password_secret_ref]);
        }
    }
    let mail = spec.mail.iter().filter_map(|mail| mail.smtp.credentials_secret_ref.as_ref());
    references.into_iter().map(|reference| reference.name.clone()).chain(mail.map(|reference| reference.name.clone())).collect()
}

/// The names of all Secrets that a resource depends on: those that it refers to, and those that are created for it.
pub fn names(name: &str, spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let mut names = made_for(name, spec);
    names.extend(named(spec));
    names
}
