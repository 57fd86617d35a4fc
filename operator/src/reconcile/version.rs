//! The `resourceVersion` of an object, as a number: the operator keeps two for each of some fifty thousand objects.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::num::NonZeroU64;

/// Marks the hash of a text that is no number.
const NO_NUMBER: NonZeroU64 = NonZeroU64::new(1 << 63).expect("it is not zero");

/// A `resourceVersion`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version(NonZeroU64);

impl Version {
    /// The version that an object tells.
    pub fn of(text: &str) -> Self {
        let number = text.parse().ok().filter(|number: &NonZeroU64| *number < NO_NUMBER);
        Self(number.unwrap_or_else(|| NO_NUMBER | fingerprint(text)))
    }

    /// Whether an object of this version is the same as one of another version, or older. The versions of one object can be ordered as
    /// numbers (KEP-5504; true for etcd in every earlier version).
    pub fn is_not_newer(self, than: Self) -> bool {
        self == than || (self.0 < than.0 && than.0 < NO_NUMBER)
    }
}

/// A hash of a text, for this process.
pub fn fingerprint(text: &str) -> u64 {
    hash_of(text)
}

/// A hash of a value, for this process.
pub fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_and_other_texts_are_only_the_same_or_not() {
        let is_not_newer = |version: &str, than: &str| Version::of(version).is_not_newer(Version::of(than));
        assert!(is_not_newer("9", "10") && is_not_newer("10", "10") && !is_not_newer("11", "10"));
        let greatest = u64::MAX.to_string();
        for text in ["", "0", "a", "-1", greatest.as_str()] {
            assert!(is_not_newer(text, text), "{text}");
            assert!(!is_not_newer(text, "10") && !is_not_newer("10", text), "{text}");
        }
        assert!(!is_not_newer("a", "b") && !is_not_newer("b", "a"));
    }
}
