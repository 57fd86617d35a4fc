//! The Secrets that encrypted backups hold.

use crate::api::RestaurantBookingSpec;

use super::names::{admin_name, keys_name, links_name};
use super::references::{ADMIN_PASSWORD, KEY_SET, LINK_KEYS, PRIVATE_KEY};

/// A Secret that an encrypted backup holds.
pub struct Held {
    /// Its name in the backup.
    pub folder: &'static str,
    /// The name of the Secret.
    pub name: String,
    /// Its keys.
    pub keys: &'static [&'static str],
}

/// The Secrets that an encrypted backup of a resource holds: what they have cannot be made again. `has_admin`: the operator generates the
/// administrator's password.
pub fn in_backups(name: &str, has_admin: bool) -> Vec<Held> {
    let mut held = vec![
        Held { folder: "jwt", name: keys_name(name), keys: &[PRIVATE_KEY, KEY_SET] },
        Held { folder: "links", name: links_name(name), keys: &[LINK_KEYS] },
    ];
    held.extend(has_admin.then(|| Held { folder: "admin", name: admin_name(name), keys: &[ADMIN_PASSWORD] }));
    held
}

/// Whether the operator generates the administrator's password.
pub fn generates_admin(spec: &RestaurantBookingSpec) -> bool {
    spec.admin.as_ref().is_none_or(|admin| admin.password_secret_ref.is_none())
}
