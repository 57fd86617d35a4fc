//! A check of one resource: its faults, and the Secrets and kinds that it needs.

use crate::api::{ConditionType, SecretKeyReference};
use crate::reconcile::checksum::sealed;
use crate::reconcile::failure::Invalid;
use crate::reconcile::kind::Kind;
use crate::reconcile::platform::Secret;
use crate::reconcile::reason::{INVALID_SECRET, KIND_NOT_INSTALLED, SECRET_NOT_FOUND, SECRET_NOT_USABLE};
use crate::reconcile::references::{References, USABLE};

use super::defaults::Defaults;

/// A check that is under way.
pub(crate) struct Check<'a> {
    /// The resource's name.
    pub(crate) name: String,
    /// Its namespace.
    pub(crate) namespace: String,
    pub(crate) references: &'a References,
    pub(crate) defaults: &'a Defaults,
    /// The faults that were found so far.
    pub(crate) invalid: Vec<Invalid>,
}

impl Check<'_> {
    pub(crate) fn refuse(&mut self, condition: ConditionType, reason: &'static str, message: String) {
        self.invalid.push(Invalid { condition, reason, message });
    }

    /// A keyed checksum of a value. Viewers can read it: against a plain hash they could try weak passwords.
    pub(crate) fn seal(&self, value: &[u8]) -> String {
        sealed(self.references.credentials.seal.as_bytes(), value)
    }

    /// A Secret that a user or another operator creates, and its text.
    pub(crate) fn secret(&mut self, condition: ConditionType, path: &str, reference: &SecretKeyReference) -> (Secret, String) {
        let mut secret = Secret { name: reference.name.clone(), key: reference.key.clone(), checksum: String::new() };
        if self.references.unusable.contains(&reference.name) {
            let message = format!(
                "{path}: Secret {0:?} is not released for RestaurantBookings; its owner releases it with: kubectl label secret {0} {USABLE}=true",
                reference.name
            );
            self.refuse(condition, SECRET_NOT_USABLE, message);
            return (secret, String::new());
        }
        let Some(data) = self.references.secrets.get(&reference.name) else {
            self.refuse(
                condition,
                SECRET_NOT_FOUND,
                format!("{path}: there is no Secret {:?} in the resource's namespace", reference.name),
            );
            return (secret, String::new());
        };
        let Some(value) = data.get(&reference.key) else {
            let keys: Vec<_> = data.keys().map(String::as_str).collect();
            let message = format!("{path}: Secret {:?} has no key {:?}; it has {}", reference.name, reference.key, keys.join(", "));
            self.refuse(condition, SECRET_NOT_FOUND, message);
            return (secret, String::new());
        };
        let Ok(text) = String::from_utf8(value.clone()) else {
            let message = format!("{path}: key {:?} of Secret {:?} must be UTF-8 text", reference.key, reference.name);
            self.refuse(condition, INVALID_SECRET, message);
            return (secret, String::new());
        };
        secret.checksum = self.seal(value);
        (secret, text)
    }

    /// Checks that the cluster has another product's kinds, which a field needs.
    pub(crate) fn needs(&mut self, condition: ConditionType, path: &str, product: &str) {
        let missing: Vec<_> =
            Kind::of_product(product).into_iter().filter(|kind| !self.references.kinds.contains(kind)).map(|kind| kind.as_str()).collect();
        if !missing.is_empty() {
            let message =
                format!("{path} needs {product}, but the cluster does not know its kinds ({}); install {product}", missing.join(", "));
            self.refuse(condition, KIND_NOT_INSTALLED, message);
        }
    }
}
