//! The settings that the volume of a managed database was made with, as annotations of its claim. Another major version of PostgreSQL
//! cannot read the files, and an index has the sort order of its locale.

use std::collections::BTreeMap;

/// The major version of PostgreSQL.
const VERSION: &str = "restaurantbooking.dev/postgres-version";
/// The provider of the locale: `builtin`, `icu` or `libc`.
const LOCALE_PROVIDER: &str = "restaurantbooking.dev/postgres-locale-provider";
/// The image that made the volume, as in the spec.
const IMAGE: &str = "restaurantbooking.dev/postgres-image";

/// The first major version of PostgreSQL with builtin locales, which an update of the operating system does not change.
const BUILTIN_LOCALES: u32 = 17;

/// The settings that a volume was made with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume {
    /// The major version of PostgreSQL.
    pub major: String,
    /// The provider of its locale.
    pub locale_provider: String,
    /// The image, as in the spec.
    pub image: String,
}

impl Volume {
    /// The settings for a new volume.
    pub fn new(version: &str, image: &str) -> Self {
        let major = major(version);
        let has_builtin = major.parse::<u32>().is_ok_and(|major| major >= BUILTIN_LOCALES);
        Self { major: major.to_owned(), locale_provider: if has_builtin { "builtin" } else { "libc" }.to_owned(), image: image.to_owned() }
    }

    /// The settings in the annotations of a claim; `None` if there are none.
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

/// The major version in a version such as 17.6.
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
