//! The names of the Secrets that a resource depends on. Pure.

use std::collections::BTreeSet;

use crate::api::RestaurantBookingSpec;

use super::backend::{broker, database};
use super::held::{generates_admin, in_backups};
use super::names::seal_name;

/// The Secrets that the operator generates for a resource.
pub fn generated(name: &str, spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let mut names = BTreeSet::from([seal_name(name)]);
    names.extend(in_backups(name, generates_admin(spec)).into_iter().map(|held| held.name));
    names.extend(database::secrets(name, spec).generated);
    names.extend(broker::secrets(spec).generated);
    names
}

/// The Secrets that the resource refers to.
pub fn named(name: &str, spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let admin = spec.admin.iter().filter_map(|admin| admin.password_secret_ref.as_ref()).map(|reference| reference.name.clone());
    let mail = spec.mail.iter().filter_map(|mail| mail.smtp.credentials_secret_ref.as_ref()).map(|reference| reference.name.clone());
    let mut names: BTreeSet<_> = admin.chain(mail).collect();
    let places = [
        spec.backup.as_ref().map(|backup| (backup.storage.s3.as_ref(), backup.encryption.as_ref())),
        spec.restore.as_ref().map(|restore| (restore.s3.as_ref(), restore.encryption.as_ref())),
    ];
    for (s3, encryption) in places.into_iter().flatten() {
        names.extend(s3.map(|s3| s3.credentials_secret_ref.name.clone()));
        names.extend(s3.and_then(|s3| s3.ca_secret_ref.as_ref()).map(|reference| reference.name.clone()));
        names.extend(encryption.map(|encryption| encryption.key_secret_ref.name.clone()));
    }
    names.extend(database::secrets(name, spec).named);
    names.extend(broker::secrets(spec).named);
    names
}

/// All Secrets that a resource depends on: those that it refers to, and those that are created for it.
pub fn names(name: &str, spec: &RestaurantBookingSpec) -> BTreeSet<String> {
    let mut names = generated(name, spec);
    names.extend(database::secrets(name, spec).foreign);
    names.extend(broker::secrets(spec).foreign);
    names.extend(named(name, spec));
    names
}
