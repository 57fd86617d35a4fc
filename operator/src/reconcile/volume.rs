//! With what the volume of a managed database was made, as annotations of its claim say: the files of one major version of PostgreSQL can be
//! read by no other, and an index is in the order of one locale.

use std::collections::BTreeMap;

/// The major version of PostgreSQL.
const VERSION: &str = "restaurantbooking.dev/postgres-version";
/// The provider of the locale: `builtin`, `icu` or `libc`.
const LOCALE_PROVIDER: &str = "restaurantbooking.dev/postgres-locale-provider";
/// The image that made it, as it was written.
const IMAGE: &str = "restaurantbooking.dev/postgres-image";

/// The first major version of PostgreSQL that has locales of its own, which no update of the operating system changes.
const BUILTIN_LOCALES: u32 = 17;

/// With what a volume was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume {
    /// The major version of PostgreSQL.
    pub major: String,
    /// The provider of its locale.
    pub locale_provider: String,
    /// The image, as it was written.
    pub image: String,
}

impl Volume {
    /// What a new volume is made with.
    pub fn new(version: &str, image: &str) -> Self {
        let major = major(version);
        let has_builtin = major.parse::<u32>().is_ok_and(|major| major >= BUILTIN_LOCALES);
        Self { major: major.to_owned(), locale_provider: if has_builtin { "builtin" } else { "libc" }.to_owned(), image: image.to_owned() }
    }

    /// What the annotations of a claim say; `None` where they say nothing.
    pub fn of(annotations: &BTreeMap<String, String>) -> Option<Self> {
        let of = |key: &str| annotations.get(key).cloned().unwrap_or_default();
        let major = annotations.get(VERSION).cloned()?;
        Some(Self { major, locale_provider: of(LOCALE_PROVIDER), image: of(IMAGE) })
    }

    /// The annotations of its claim.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        [(VERSION, &self.major), (LOCALE_PROVIDER, &self.locale_provider), (IMAGE, &self.image)]
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .into()
    }
}

/// The major version of a version such as 17.6.
pub fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_says_what_it_was_made_with() {
        let volume = Volume::new("17.6", "postgres:17.6");
        assert_eq!((volume.major.as_str(), volume.locale_provider.as_str()), ("17", "builtin"));
        assert_eq!(Volume::of(&volume.annotations()), Some(volume));
        assert_eq!(Volume::new("16", "postgres:16").locale_provider, "libc");
        assert_eq!(Volume::of(&BTreeMap::new()), None);
    }
}
