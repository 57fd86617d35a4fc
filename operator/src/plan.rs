//! The objects that a resource would become, without a cluster, for a review before the resource is applied.

use kube::core::ObjectMeta;

use crate::api::RestaurantBooking;
use crate::reconcile::build::{Object, build};
use crate::reconcile::failure::Invalid;
use crate::reconcile::kind::Kind;
use crate::reconcile::references::{Credentials, References, S3_CREDENTIALS, SecretData};
use crate::reconcile::secrets::names;
use crate::reconcile::validate::{CREDENTIALS, Defaults, validate};

/// The objects that a resource would become, in the order in which they are applied.
///
/// The plan assumes the state of the cluster: every kind exists, and every Secret that the resource names exists and holds valid values.
/// Generated values are shown as `<generated>`.
///
/// # Errors
/// All faults of the resource.
pub fn plan(resource: &RestaurantBooking, defaults: &Defaults) -> Result<Vec<Object>, Vec<Invalid>> {
    let name = resource.metadata.name.clone().unwrap_or_default();
    let credentials = Credentials::placeholder();
    let references = References {
        secrets: names(&name, &resource.spec).into_iter().map(|secret| (secret, supposed(resource))).collect(),
        kinds: Kind::ALL.into_iter().filter(|kind| kind.is_optional()).collect(),
        credentials,
        claims: claims(resource),
        ..References::default()
    };
    let mut resource = resource.clone();
    resource.metadata = ObjectMeta { uid: Some("<uid>".to_owned()), ..resource.metadata };
    let mut objects = build(&validate(&resource, &references, defaults)?);
    objects.sort_by_key(|object| object.step);
    Ok(objects)
}

/// The claims of a restore, each released.
fn claims(resource: &RestaurantBooking) -> std::collections::BTreeMap<String, bool> {
    let claims = resource.spec.restore.iter().filter_map(|restore| restore.claims.as_ref());
    claims.flat_map(|claims| [&claims.auth, &claims.menu, &claims.reservation]).map(|claim| (claim.name.clone(), true)).collect()
}

/// A value that is long enough for a key, and has the beginning of a certificate.
const LONG: &str = "<supposed> -----BEGIN CERTIFICATE-----";

/// A Secret that has every key that the resource refers to, each with a valid value.
fn supposed(resource: &RestaurantBooking) -> SecretData {
    let spec = serde_json::to_value(&resource.spec).expect("a spec is JSON");
    let mut keys = Vec::new();
    collect_keys(&spec, &mut keys);
    let of = |key: String, value: &str| (key, value.as_bytes().to_vec());
    let mut data: SecretData = keys.into_iter().map(|key| of(key, "<supposed>")).collect();
    // A key that must hold the URL of a database has one.
    let postgres = spec["postgres"]["external"].as_object().into_iter().flatten();
    for (_, database) in postgres {
        if let Some(key) = database["urlSecretRef"]["key"].as_str() {
            data.extend([of(key.to_owned(), "postgres://supposed@supposed:5432/supposed")]);
        }
    }
    // So have a key of encryption and a certificate.
    for pointer in
        ["/backup/storage/s3/caSecretRef", "/backup/encryption/keySecretRef", "/restore/s3/caSecretRef", "/restore/encryption/keySecretRef"]
    {
        if let Some(key) = spec.pointer(pointer).and_then(|reference| reference["key"].as_str()) {
            data.extend([of(key.to_owned(), LONG)]);
        }
    }
    data
}

/// The `key` of every reference to a key of a Secret, and the keys of credentials.
fn collect_keys(value: &serde_json::Value, keys: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                match value["key"].as_str() {
                    Some(key) if name.ends_with("SecretRef") => keys.push(key.to_owned()),
                    None if name == "credentialsSecretRef" => keys.extend(CREDENTIALS.into_iter().chain(S3_CREDENTIALS).map(str::to_owned)),
                    _ => collect_keys(value, keys),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}
