//! What a client asks of the list: which dishes, in which order, from which one on.

use std::sync::Arc;

use chassis::http::input::{Input, Source};
use chassis::http::text::{SHORT_TEXT, Text, fold};
use contract::DishId;

use super::entry::Entry;
use super::snapshot::Snapshot;
use crate::price::Price;

chassis::words! {
    /// The order of the list. `-` is descending.
    pub(crate) enum Sort {
        /// By name, without regard to case.
        Name = "name",
        /// By name, the last first.
        NameDescending = "-name",
        /// The cheapest first.
        Price = "price",
        /// The dearest first.
        PriceDescending = "-price",
    }
}

chassis::query! {
    /// Which dishes, and in which order.
    pub(crate) struct Wanted {
        /// Text that the name or the description has, in any case.
        #[example = "soup"]
        q: optional Text<SHORT_TEXT>,
        /// The lowest price. It is not above `max_price`.
        #[example = "5.00"]
        min_price: optional Price,
        /// The highest price.
        #[example = "20.00"]
        max_price: optional Price,
        /// The order. Without it, dishes are in the order of their ids, and so are dishes that are alike in an ascending order; a
        /// descending order is the reverse of the ascending one.
        #[example = "name"]
        pub(crate) sort: optional Sort,
    }
}

/// Which dishes.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    folded: Option<String>,
    min_price: Option<Price>,
    max_price: Option<Price>,
}

impl Wanted {
    /// Reads the parameters, and notes where the lowest price is above the highest.
    pub(crate) fn of(input: &mut Input) -> Option<Self> {
        let price = |name| input.peek::<Price>(Source::Query, name);
        if let (Some(min), Some(max)) = (price("min_price"), price("max_price"))
            && min > max
        {
            input.refuse_parameter("min_price", "above_max_price", format!("This must not be above max_price, which is {max}."));
        }
        input.read()
    }

    pub(crate) fn filter(&self) -> Filter {
        Filter::new(self.q.as_ref(), self.min_price, self.max_price)
    }
}

impl Filter {
    /// The dishes that have the text, from one price to another.
    pub(crate) fn new(text: Option<&Text<SHORT_TEXT>>, min_price: Option<Price>, max_price: Option<Price>) -> Self {
        Self { folded: text.map(|text| fold(text.as_str())), min_price, max_price }
    }

    /// Whether a dish is one of them.
    pub(crate) fn admits(&self, entry: &Entry) -> bool {
        self.min_price.is_none_or(|min| entry.dish.price >= min)
            && self.max_price.is_none_or(|max| entry.dish.price <= max)
            && self.folded.as_deref().is_none_or(|folded| entry.mentions(folded))
    }
}

/// An order: `K` is what tells one place in it from another.
pub(crate) struct Order<K: 'static> {
    /// The name, for which alone a cursor is good.
    pub(crate) name: &'static str,
    rows: fn(&Snapshot) -> &[Arc<Entry>],
    /// The place of a dish.
    pub(crate) key: fn(&Entry) -> K,
    descending: bool,
}

pub(crate) static BY_ID: Order<DishId> = Order { name: "id", rows: |menu| &menu.by_id, key: |entry| entry.dish.id, descending: false };
pub(crate) static BY_NAME: Order<(String, DishId)> =
    Order { name: "name", rows: |menu| &menu.by_name, key: place_by_name, descending: false };
pub(crate) static BY_NAME_DESCENDING: Order<(String, DishId)> = Order { name: "-name", descending: true, ..BY_NAME };
pub(crate) static BY_PRICE: Order<(Price, DishId)> =
    Order { name: "price", rows: |menu| &menu.by_price, key: place_by_price, descending: false };
pub(crate) static BY_PRICE_DESCENDING: Order<(Price, DishId)> = Order { name: "-price", descending: true, ..BY_PRICE };

fn place_by_name(entry: &Entry) -> (String, DishId) {
    (entry.folded_name.clone(), entry.dish.id)
}

fn place_by_price(entry: &Entry) -> (Price, DishId) {
    (entry.dish.price, entry.dish.id)
}

impl<K: Ord> Order<K> {
    /// The dishes that the filter admits and that come after the given place, as many as `count` at most.
    pub(crate) fn select(&self, menu: &Snapshot, filter: &Filter, after: Option<&K>, count: usize) -> Vec<Arc<Entry>> {
        let rows = (self.rows)(menu);
        let admitted = |entry: &&Arc<Entry>| filter.admits(entry);
        if self.descending {
            let end = after.map_or(rows.len(), |after| rows.partition_point(|entry| (self.key)(entry) < *after));
            rows.iter().take(end).rev().filter(admitted).take(count).cloned().collect()
        } else {
            let start = after.map_or(0, |after| rows.partition_point(|entry| (self.key)(entry) <= *after));
            rows.iter().skip(start).filter(admitted).take(count).cloned().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dish::tests::{dish, id};

    fn menu() -> Snapshot {
        let dishes = [(1, "tea", 250), (2, "Soup", 500), (4, "Tea", 250), (5, "Bread", 100), (9, "soufflé", 900)];
        Snapshot::new(dishes.into_iter().map(|(id, name, cents)| Arc::new(Entry::new(dish(id, 1, name, cents)))).collect())
    }

    fn ids(rows: &[Arc<Entry>]) -> Vec<i32> {
        rows.iter().map(|entry| entry.dish.id.get()).collect()
    }

    /// All dishes, page by page.
    fn paged<K: Ord>(order: &Order<K>, size: usize) -> Vec<i32> {
        let (menu, mut all, mut after) = (menu(), Vec::new(), None);
        loop {
            let rows = order.select(&menu, &Filter::default(), after.as_ref(), size);
            let Some(last) = rows.last() else { return all };
            after = Some((order.key)(last));
            all.extend(ids(&rows));
        }
    }

    #[test]
    fn f17_a_descending_order_is_the_reverse_of_the_ascending_one_in_pages_of_any_size() {
        for size in 1..=6 {
            assert_eq!(paged(&BY_ID, size), [1, 2, 4, 5, 9]);
            assert_eq!(paged(&BY_NAME, size), [5, 9, 2, 1, 4]);
            assert_eq!(paged(&BY_NAME_DESCENDING, size), [4, 1, 2, 9, 5]);
            assert_eq!(paged(&BY_PRICE, size), [5, 1, 4, 2, 9]);
            assert_eq!(paged(&BY_PRICE_DESCENDING, size), [9, 2, 4, 1, 5]);
        }
    }

    #[test]
    fn a_page_goes_on_where_a_dish_was_that_is_gone() {
        let rows = BY_ID.select(&menu(), &Filter::default(), Some(&id(3)), 2);
        assert_eq!(ids(&rows), [4, 5]);
        let rows = BY_PRICE_DESCENDING.select(&menu(), &Filter::default(), Some(&(Price::of_cents(600), id(3))), 9);
        assert_eq!(ids(&rows), [2, 4, 1, 5]);
    }

    #[test]
    fn limits_of_the_price_are_part_of_the_range() {
        let select = |min: Option<i64>, max: Option<i64>, text: Option<&str>| {
            let filter = Filter { folded: text.map(fold), min_price: min.map(Price::of_cents), max_price: max.map(Price::of_cents) };
            ids(&BY_ID.select(&menu(), &filter, None, 9))
        };
        assert_eq!(select(Some(250), Some(500), None), [1, 2, 4]);
        assert_eq!(select(Some(250), Some(250), None), [1, 4]);
        assert_eq!(select(None, Some(99), None), Vec::<i32>::new());
        assert_eq!(select(None, None, Some("SOU")), [2, 9]);
        assert_eq!(select(Some(501), None, Some("SOU")), [9]);
    }
}
