//! A dish in memory, with everything that answering with it takes.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chassis::http::etag;
use chassis::http::text::{Text, fold};
use http::{HeaderValue, StatusCode, header};

use crate::dish::Dish;

/// Both reads are kept by caches only to be asked about again: a change is seen at once.
pub(crate) const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A dish, its JSON, its ETag, and its text as it is searched and sorted.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) dish: Dish,
    pub(crate) json: Bytes,
    pub(crate) etag: HeaderValue,
    pub(crate) folded_name: String,
    folded_description: String,
}

impl Entry {
    pub(crate) fn new(dish: Dish) -> Self {
        Self {
            json: dish.to_json(),
            etag: etag::of_version(dish.version),
            folded_name: fold(dish.name.as_str()),
            folded_description: fold(dish.description.as_ref().map_or("", Text::as_str)),
            dish,
        }
    }

    /// Whether the name or the description has the text, which is folded already.
    pub(crate) fn mentions(&self, folded: &str) -> bool {
        self.folded_name.contains(folded) || self.folded_description.contains(folded)
    }

    /// The dish as a response.
    pub(crate) fn respond(&self, status: StatusCode) -> Response {
        let mut response = json(self.json.clone());
        *response.status_mut() = status;
        response.headers_mut().insert(header::ETAG, self.etag.clone());
        response
    }
}

/// JSON that is written already, as a response.
pub(crate) fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dish::tests::{description, dish};

    #[test]
    fn the_case_of_a_text_does_not_matter() {
        for (a, b) in [("Soup", "sOUP"), ("Straße", "STRASSE"), ("ОКРОШКА", "окрошка"), ("ΟΔΟΣ", "οδος"), ("Crème", "CRE\u{300}ME")]
        {
            assert_eq!(fold(a), fold(b), "{a}");
        }
    }

    #[test]
    fn a_dish_is_found_by_name_and_description() {
        let mut soup = dish(1, 1, "Солянка", 500);
        soup.description = Some(description("100% Beef_Broth"));
        let entry = Entry::new(soup);
        for text in ["солян", "НКА", "beef", "% b", "_", ""] {
            assert!(entry.mentions(&fold(text)), "{text}");
        }
        assert!(!entry.mentions(&fold("kvass")));
        // A text does not run from the name into the description.
        assert!(!entry.mentions(&fold("а100")));
    }
}
