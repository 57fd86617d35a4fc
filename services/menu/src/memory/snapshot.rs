//! The menu as readers see it: never changed, only replaced by the next one.

use std::sync::Arc;

use axum::response::Response;
use bytes::{Bytes, BytesMut};
use chassis::http::page::Page;
use contract::DishId;
use http::{HeaderValue, header};
use sha2::{Digest as _, Sha256};

use crate::memory::entry::{Entry, REVALIDATE, json};
use crate::memory::selection::BY_ID;

/// Where the list of the menu is.
pub(crate) const MENU: &str = "/api/v1/menu";

/// Every dish, in each of the orders that a client may ask for, and the page that most clients ask for.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) by_id: Vec<Arc<Entry>>,
    pub(crate) by_name: Vec<Arc<Entry>>,
    pub(crate) by_price: Vec<Arc<Entry>>,
    /// The list without any parameter.
    pub(crate) plain: Rendered,
}

impl Snapshot {
    /// The menu of these dishes, which are in the order of their ids.
    pub(crate) fn new(by_id: Vec<Arc<Entry>>) -> Self {
        let mut by_name = by_id.clone();
        // The sort is stable: dishes that are alike stay in the order of their ids.
        by_name.sort_by(|a, b| a.folded_name.cmp(&b.folded_name));
        let mut by_price = by_id.clone();
        by_price.sort_by_key(|entry| entry.dish.price);
        let page = Page::first(MENU, BY_ID.name);
        let mut rows: Vec<_> = by_id.iter().take(page.limit() + 1).cloned().collect();
        let link = page.cut(&mut rows, |entry| (BY_ID.key)(entry));
        let plain = Rendered::new(&rows, link);
        Self { by_id, by_name, by_price, plain }
    }

    pub(crate) fn get(&self, id: DishId) -> Option<&Arc<Entry>> {
        let place = self.by_id.binary_search_by_key(&id, |entry| entry.dish.id).ok()?;
        self.by_id.get(place)
    }
}

/// A page of the list, ready to be sent.
#[derive(Debug)]
pub(crate) struct Rendered {
    body: Bytes,
    pub(crate) etag: HeaderValue,
    link: Option<HeaderValue>,
}

impl Rendered {
    pub(crate) fn new(rows: &[Arc<Entry>], link: Option<HeaderValue>) -> Self {
        let length = rows.iter().map(|entry| entry.json.len() + 1).sum::<usize>() + 2;
        let mut body = BytesMut::with_capacity(length);
        body.extend_from_slice(b"[");
        for (place, entry) in rows.iter().enumerate() {
            if place > 0 {
                body.extend_from_slice(b",");
            }
            body.extend_from_slice(&entry.json);
        }
        body.extend_from_slice(b"]");
        let body = body.freeze();
        let etag = etag(&body, link.as_ref());
        Self { body, etag, link }
    }

    pub(crate) fn respond(&self) -> Response {
        let mut response = json(self.body.clone());
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CACHE_CONTROL, REVALIDATE);
        if let Some(link) = &self.link {
            headers.insert(header::LINK, link.clone());
        }
        response
    }
}

/// The tag follows from what is sent, so that it is the same on every replica. The link counts: a dish more may change
/// nothing of a page but that another one follows.
fn etag(body: &Bytes, link: Option<&HeaderValue>) -> HeaderValue {
    let digest = Sha256::new().chain_update(link.map_or(&b""[..], HeaderValue::as_bytes)).chain_update(body).finalize();
    let tag = digest.iter().take(16).fold(String::with_capacity(34), |tag, byte| format!("{tag}{byte:02x}"));
    HeaderValue::try_from(format!("\"{tag}\"")).expect("hexadecimal digits in quotes are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dish::tests::{dish, id};

    fn menu(ids: std::ops::RangeInclusive<i32>) -> Snapshot {
        Snapshot::new(ids.map(|id| Arc::new(Entry::new(dish(id, 1, "Tea", 250)))).collect())
    }

    #[test]
    fn an_empty_menu_is_an_empty_array() {
        let empty = Snapshot::new(Vec::new());
        assert_eq!(empty.plain.body, "[]");
        assert!(empty.plain.link.is_none());
        assert!(empty.get(id(1)).is_none());
    }

    #[test]
    fn the_plain_list_is_the_first_page_and_says_where_the_next_one_is() {
        let one_page = menu(1..=50);
        assert!(one_page.plain.link.is_none());
        let more = menu(1..=51);
        assert_eq!(one_page.plain.body, more.plain.body);
        assert_ne!(one_page.plain.etag, more.plain.etag);
        let link = more.plain.link.as_ref().and_then(|link| link.to_str().ok()).expect("a link");
        assert!(link.starts_with("</api/v1/menu?cursor=") && link.ends_with(">; rel=\"next\""), "{link}");
        assert_eq!(more.get(id(51)).map(|entry| entry.dish.id), Some(id(51)));
    }

    #[test]
    fn the_same_menu_has_the_same_tag_everywhere() {
        assert_eq!(menu(1..=3).plain.etag, menu(1..=3).plain.etag);
        assert_ne!(menu(1..=3).plain.etag, menu(1..=2).plain.etag);
    }
}
