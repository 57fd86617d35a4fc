//! What is known of the menu, from reading the database and from what is told of single dishes.
//!
//! News come late, twice, and out of turn: our own write comes back as an event, and an event that waited for its broker tells
//! of a dish as it was. Versions tell old from new. Whether a dish that is not known is a new one or was deleted, no version
//! tells: what was deleted since the database was read is remembered, and what is older is told by its id, since ids are allotted
//! in ascending order and never twice.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::events::News;
use crate::memory::entry::Entry;
use contract::DishId;

use crate::dish::Dish;
use crate::store::Everything;

/// What became of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The menu is another one now.
    Changed,
    /// It was known already, or is out of date.
    Known,
    /// The dish was deleted before, or came into being while the database was read: only the database knows.
    Doubtful,
}

/// What is known.
#[derive(Default)]
pub(crate) struct Contents {
    entries: BTreeMap<DishId, Arc<Entry>>,
    /// Dishes that were deleted since the database was read.
    gone: HashSet<DishId>,
    /// The last id that was allotted when the database was read.
    last_id: i32,
}

impl Contents {
    /// Forgets what is known for what the database says; whether the menu is another one now.
    pub(crate) fn replace(&mut self, everything: Everything) -> bool {
        let before = std::mem::take(&mut self.entries);
        let mut differs = before.len() != everything.dishes.len();
        for dish in everything.dishes {
            let entry = match before.get(&dish.id) {
                Some(entry) if entry.dish == dish => entry.clone(),
                _ => {
                    differs = true;
                    Arc::new(Entry::new(dish))
                }
            };
            self.entries.insert(entry.dish.id, entry);
        }
        self.gone.clear();
        self.last_id = everything.last_id;
        differs
    }

    /// Takes note of news.
    pub(crate) fn note(&mut self, news: News) -> Outcome {
        match news {
            News::Is(dish) => self.is(dish),
            News::Gone(id) => {
                self.gone.insert(id);
                if self.entries.remove(&id).is_some() { Outcome::Changed } else { Outcome::Known }
            }
        }
    }

    fn is(&mut self, dish: Dish) -> Outcome {
        let id = dish.id;
        match self.entries.get(&id) {
            Some(entry) if entry.dish.version >= dish.version => return Outcome::Known,
            Some(_) => {}
            None if self.gone.contains(&id) => return Outcome::Known,
            None if id.get() <= self.last_id => return Outcome::Doubtful,
            None => {}
        }
        self.entries.insert(id, Arc::new(Entry::new(dish)));
        Outcome::Changed
    }

    /// Every dish, in the order of the ids.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.entries.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dish::tests::{dish, id as dish_id};

    fn read(dishes: impl IntoIterator<Item = Dish>, last_id: i32) -> Contents {
        let mut contents = Contents::default();
        contents.replace(Everything { dishes: dishes.into_iter().collect(), last_id });
        contents
    }

    fn versions(contents: &Contents) -> Vec<(i32, i32)> {
        contents.entries().iter().map(|entry| (entry.dish.id.get(), entry.dish.version)).collect()
    }

    #[test]
    fn a_dish_never_goes_back_to_an_earlier_version() {
        let mut menu = read([dish(1, 3, "Tea", 250)], 1);
        assert_eq!(menu.note(News::Is(dish(1, 2, "Tee", 250))), Outcome::Known);
        assert_eq!(menu.note(News::Is(dish(1, 3, "Tee", 250))), Outcome::Known);
        assert_eq!(menu.note(News::Is(dish(1, 5, "Chai", 250))), Outcome::Changed);
        assert_eq!(menu.note(News::Is(dish(1, 4, "Tee", 250))), Outcome::Known);
        assert_eq!(versions(&menu), [(1, 5)]);
    }

    #[test]
    fn a_deleted_dish_does_not_come_back() {
        let mut menu = read([dish(1, 1, "Tea", 250)], 1);
        assert_eq!(menu.note(News::Gone(dish_id(1))), Outcome::Changed);
        assert_eq!(menu.note(News::Gone(dish_id(1))), Outcome::Known);
        assert_eq!(menu.note(News::Is(dish(1, 2, "Tea", 250))), Outcome::Known);
        // Even where its deletion is heard of before its creation is.
        assert_eq!(menu.note(News::Gone(dish_id(2))), Outcome::Known);
        assert_eq!(menu.note(News::Is(dish(2, 1, "Soup", 250))), Outcome::Known);
        assert_eq!(versions(&menu), []);
    }

    #[test]
    fn a_dish_that_was_not_there_when_the_database_was_read_is_not_taken_on_trust() {
        let mut menu = read([dish(1, 1, "Tea", 250)], 4);
        assert_eq!(menu.note(News::Is(dish(3, 1, "Soup", 500))), Outcome::Doubtful);
        assert_eq!(menu.note(News::Is(dish(5, 1, "Bread", 100))), Outcome::Changed);
        assert_eq!(menu.note(News::Is(dish(7, 1, "Wine", 700))), Outcome::Changed);
        // Dishes that are created at the same time are heard of in any order.
        assert_eq!(menu.note(News::Is(dish(6, 1, "Beer", 400))), Outcome::Changed);
        assert_eq!(versions(&menu), [(1, 1), (5, 1), (6, 1), (7, 1)]);
    }

    #[test]
    fn the_database_has_the_last_word() {
        let mut menu = read([dish(1, 9, "Tea", 250), dish(2, 1, "Soup", 500)], 2);
        menu.note(News::Gone(dish_id(2)));
        let kept = menu.entries();
        let restored = Everything { dishes: vec![dish(1, 9, "Tea", 250), dish(2, 1, "Soup", 500)], last_id: 2 };
        assert!(menu.replace(restored));
        assert_eq!(versions(&menu), [(1, 9), (2, 1)]);
        assert!(Arc::ptr_eq(&kept[0], &menu.entries()[0]));
        assert!(!menu.replace(Everything { dishes: vec![dish(1, 9, "Tea", 250), dish(2, 1, "Soup", 500)], last_id: 2 }));
        assert!(menu.replace(Everything { dishes: vec![dish(1, 2, "Tea", 250)], last_id: 2 }));
        assert_eq!(versions(&menu), [(1, 2)]);
    }

    proptest::proptest! {
        /// Whatever order the news of three dishes come in, and however often: what is shown of a dish is the newest that was
        /// said of it, or the database is asked, as it is of the first one.
        #[test]
        fn news_in_any_order_end_in_the_same_menu(told in proptest::collection::vec((1..=3_i32, 1..=4_i32), 0..40)) {
            let mut menu = read([], 1);
            let mut newest: BTreeMap<i32, i32> = BTreeMap::new();
            let mut doubtful = HashSet::new();
            for (id, version) in told {
                // The fourth version is the deletion.
                let news = if version == 4 { News::Gone(dish_id(id)) } else { News::Is(dish(id, version, "Tea", 250)) };
                if menu.note(news) == Outcome::Doubtful {
                    proptest::prop_assert_eq!(id, 1);
                    doubtful.insert(id);
                }
                let known = newest.entry(id).or_insert(version);
                *known = version.max(*known);
            }
            for (id, version) in newest {
                let shown = menu.entries.get(&dish_id(id)).map(|entry| entry.dish.version);
                proptest::prop_assert!(doubtful.contains(&id) || shown == Some(version).filter(|version| *version < 4));
            }
        }
    }
}
