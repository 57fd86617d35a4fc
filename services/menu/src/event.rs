//! What the service tells of its dishes, and hears again from every replica of itself.

use chassis::events::event::{Event, MENU_TOPIC, Received};
use contract::DishId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dish::Dish;

/// A dish came onto the menu.
pub const CREATED: &str = "menu.item.created";
/// A dish was changed.
pub const UPDATED: &str = "menu.item.updated";
/// A dish left the menu.
pub const DELETED: &str = "menu.item.deleted";

/// What is told of a dish that left the menu.
#[derive(Debug, Serialize, Deserialize)]
struct Removed {
    id: DishId,
    /// The last version that it had.
    version: i32,
}

/// What an event says of a dish.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// This is how it is now.
    Is(Dish),
    /// It is gone.
    Gone(DishId),
}

fn event(kind: &'static str, key: i32, data: impl Serialize) -> Event {
    Event { topic: MENU_TOPIC, key, kind, data: serde_json::to_value(data).unwrap_or(Value::Null) }
}

pub(crate) fn created(dish: &Dish) -> Event {
    event(CREATED, dish.id.get(), dish)
}

pub(crate) fn updated(dish: &Dish) -> Event {
    event(UPDATED, dish.id.get(), dish)
}

pub(crate) fn deleted(dish: &Dish) -> Event {
    event(DELETED, dish.id.get(), Removed { id: dish.id, version: dish.version })
}

/// What an event says; nothing, where it is of a type that this version of the service does not know.
pub(crate) fn read(event: &Received) -> Result<Option<News>, serde_json::Error> {
    match event.kind.as_str() {
        CREATED | UPDATED => Dish::deserialize(&event.data).map(News::Is).map(Some),
        DELETED => Removed::deserialize(&event.data).map(|removed| Some(News::Gone(removed.id))),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dish::tests::dish;

    fn received(event: Event) -> Received {
        Received { id: "1".into(), kind: event.kind.into(), data: event.data }
    }

    #[test]
    fn what_is_told_is_what_is_heard() {
        let tea = dish(7, 3, "Tea", 1250);
        assert_eq!(read(&received(created(&tea))).expect("readable"), Some(News::Is(tea.clone())));
        assert_eq!(read(&received(updated(&tea))).expect("readable"), Some(News::Is(tea.clone())));
        assert_eq!(read(&received(deleted(&tea))).expect("readable"), Some(News::Gone(crate::dish::tests::id(7))));
        let other = Received { id: "1".into(), kind: "menu.item.praised".into(), data: Value::Null };
        assert_eq!(read(&other).expect("readable"), None);
        let broken = Received { id: "1".into(), kind: CREATED.into(), data: Value::Null };
        assert!(read(&broken).is_err());
    }
}
