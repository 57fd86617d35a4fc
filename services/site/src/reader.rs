//! The reader of a page: in which language they read, and where they are.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};

use crate::language::{Language, Offered};
use crate::shell::Shell;

/// The reader of a page.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The language in which they read.
    pub language: Language,
    /// Whether they chose it: then the links of the page keep it.
    chose: bool,
    /// The page, without its language, where it can be asked for again.
    pub address: Option<String>,
}

impl Reader {
    /// The reader of an answer: by `lang` of the query, else by what the browser prefers, else by the restaurant's own language.
    pub fn of(offered: &Offered, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let pairs = || uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let chosen = pairs().find_map(|pair| pair.strip_prefix("lang=")).and_then(|tag| offered.chosen(tag));
        let preferred = || headers.get(header::ACCEPT_LANGUAGE).and_then(|value| offered.accepted(value.to_str().ok()?));
        let rest: Vec<_> = pairs().filter(|pair| *pair != "lang" && !pair.starts_with("lang=")).collect();
        let address = matches!(*method, Method::GET | Method::HEAD)
            .then(|| if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), rest.join("&")) });
        Self { language: chosen.or_else(preferred).unwrap_or(offered.own()), chose: chosen.is_some(), address }
    }

    /// The language, where they chose it.
    pub fn chosen(&self) -> Option<Language> {
        Some(self.language).filter(|_| self.chose)
    }

    /// A link that keeps the language, where it was chosen.
    pub fn link(&self, to: &str) -> String {
        if self.chose { with_language(to, self.language) } else { to.to_owned() }
    }
}

/// The link, to a page in this language.
pub(crate) fn with_language(to: &str, language: Language) -> String {
    let separator = if to.contains('?') { '&' } else { '?' };
    format!("{to}{separator}lang={language}")
}

impl<S: Send + Sync> FromRequestParts<S> for Reader
where
    Arc<Shell>: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let shell = Arc::<Shell>::from_ref(state);
        Ok(Self::of(&shell.site.languages, &parts.method, &parts.uri, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language::{De, En, Ru};

    fn reader(uri: &str, accepted: &str) -> Reader {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().expect("a value"));
        Reader::of(&Offered::new(En, &[En, De]), &Method::GET, &uri.parse().expect("a URI"), &headers)
    }

    #[test]
    fn what_is_chosen_wins_over_what_the_browser_prefers_and_links_keep_it() {
        let chosen = reader("/book?guests=2&lang=de", "en");
        assert_eq!((chosen.language, chosen.link("/b"), chosen.link("/b?a=b")), (De, "/b?lang=de".to_owned(), "/b?a=b&lang=de".to_owned()));
        assert_eq!(chosen.address.as_deref(), Some("/book?guests=2"));
        let preferred = reader("/book", "ru, de;q=0.5");
        assert_eq!((preferred.language, preferred.link("/b")), (De, "/b".to_owned()));
        // A language that the restaurant does not speak is none.
        assert_eq!(reader("/?lang=ru&lang=de", "").language, En);
        assert_ne!(reader("/", "ru").language, Ru);
    }
}
