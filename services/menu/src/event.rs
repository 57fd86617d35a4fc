//! What the service tells of its dishes, and hears again from every replica of itself.

use contract::{Dish, DishId, MenuEvent, RemovedDish};

use crate::item::Item;

/// What an event says of a dish.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// This is how it is now.
    Is(Item),
    /// It is gone.
    Gone(i32),
}

fn id(item: &Item) -> DishId {
    DishId::new(item.id).expect("ids of dishes are positive")
}

fn dish(item: &Item) -> Dish {
    Dish {
        id: id(item),
        name: item.name.clone(),
        description: item.description.clone(),
        price: item.price.into(),
        version: item.version,
        created_at: item.created_at,
        updated_at: item.updated_at,
    }
}

pub(crate) fn created(item: &Item) -> MenuEvent {
    MenuEvent::Created(dish(item))
}

pub(crate) fn updated(item: &Item) -> MenuEvent {
    MenuEvent::Updated(dish(item))
}

pub(crate) fn deleted(item: &Item) -> MenuEvent {
    MenuEvent::Deleted(RemovedDish { id: id(item), version: item.version })
}

impl From<MenuEvent> for News {
    fn from(event: MenuEvent) -> Self {
        match event {
            MenuEvent::Created(dish) | MenuEvent::Updated(dish) => Self::Is(Item {
                id: dish.id.get(),
                name: dish.name,
                description: dish.description,
                price: dish.price.into(),
                version: dish.version,
                created_at: dish.created_at,
                updated_at: dish.updated_at,
            }),
            MenuEvent::Deleted(removed) => Self::Gone(removed.id.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::dish;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let tea = dish(7, 3, "Tea", 1250);
        assert_eq!(News::from(created(&tea)), News::Is(tea.clone()));
        assert_eq!(News::from(updated(&tea)), News::Is(tea.clone()));
        assert_eq!(News::from(deleted(&tea)), News::Gone(7));
    }
}
