//! The languages in which the restaurant speaks to its guests, and which one a guest reads.

chassis::words! {
    /// A language in which the restaurant speaks to its guests.
    pub enum Language {
        /// English.
        En = "en",
        /// Russian.
        Ru = "ru",
        /// German.
        De = "de",
    }
}

impl Language {
    /// Its name, in the language itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
            Self::De => "Deutsch",
        }
    }

    /// The language of a tag such as `de-AT` (RFC 5646), if it is one of these.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).trim();
        Self::ALL.iter().copied().find(|language| language.as_str().eq_ignore_ascii_case(primary))
    }
}

/// The languages that a restaurant offers. The first is its own: it is taken where a guest asks for none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered(Vec<Language>);

impl Offered {
    /// These, of which `own` is the restaurant's.
    pub fn new(own: Language, others: &[Language]) -> Self {
        let others = others.iter().copied().filter(|language| *language != own);
        Self(std::iter::once(own).chain(others).collect())
    }

    /// The restaurant's own language.
    pub fn own(&self) -> Language {
        self.0[0]
    }

    /// All of them, the restaurant's own first.
    pub fn all(&self) -> &[Language] {
        &self.0
    }

    /// The language that was chosen by name, if it is offered.
    pub fn chosen(&self, tag: &str) -> Option<Language> {
        Language::of_tag(tag).filter(|language| self.0.contains(language))
    }

    /// The one that an `Accept-Language` header likes best (RFC 9110, 12.5.4); of those that it likes equally the one that it names first.
    pub fn accepted(&self, header: &str) -> Option<Language> {
        let ranges = header.split(',').filter_map(|range| {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
            let quality: f32 = parameter.trim().strip_prefix("q=").and_then(|quality| quality.trim().parse().ok()).unwrap_or(0.0);
            let language = if tag.trim() == "*" { Some(self.own()) } else { self.chosen(tag.trim()) };
            language.filter(|_| quality > 0.0).map(|language| (language, quality))
        });
        let best = ranges.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(language, _)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{De, En, Ru};
    use super::*;

    #[test]
    fn a_guest_reads_what_they_like_best_of_what_is_offered() {
        let offered = Offered::new(De, &[En, De]);
        assert_eq!(offered.all(), [De, En]);
        for (header, language) in [
            ("en", Some(En)),
            ("en-GB,de;q=0.8", Some(En)),
            ("ru, de;q=0.3, en;q=0.7", Some(En)),
            ("fr, *;q=0.1", Some(De)),
            ("de-AT , en;q=1.0", Some(De)),
            ("en;q=0, de;q=0", None),
            ("ru", None),
            ("", None),
            (";;,q=,=", None),
        ] {
            assert_eq!(offered.accepted(header), language, "{header}");
        }
        assert_eq!(["de", "DE-at", "ru", "deutsch"].map(|tag| offered.chosen(tag)), [Some(De), Some(De), None, None]);
        assert_eq!(Offered::new(Ru, Language::ALL).own(), Ru);
    }
}
