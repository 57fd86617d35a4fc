//! What the service tells of its dishes, and hears again from every replica of itself.

use contract::{DishId, MenuEvent, RemovedDish};

use crate::dish::Dish;

/// What an event says of a dish.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// This is how it is now.
    Is(Dish),
    /// It is gone.
    Gone(DishId),
}

fn told(dish: &Dish) -> contract::Dish {
    contract::Dish {
        id: dish.id,
        name: dish.name.clone(),
        description: dish.description.clone(),
        price: dish.price.into(),
        version: dish.version,
        created_at: dish.created_at,
        updated_at: dish.updated_at,
    }
}

pub(crate) fn created(dish: &Dish) -> MenuEvent {
    MenuEvent::Created(told(dish))
}

pub(crate) fn updated(dish: &Dish) -> MenuEvent {
    MenuEvent::Updated(told(dish))
}

pub(crate) fn deleted(dish: &Dish) -> MenuEvent {
    MenuEvent::Deleted(RemovedDish { id: dish.id, version: dish.version })
}

impl From<MenuEvent> for News {
    fn from(event: MenuEvent) -> Self {
        match event {
            MenuEvent::Created(dish) | MenuEvent::Updated(dish) => Self::Is(Dish {
                id: dish.id,
                name: dish.name,
                description: dish.description,
                price: dish.price.into(),
                version: dish.version,
                created_at: dish.created_at,
                updated_at: dish.updated_at,
            }),
            MenuEvent::Deleted(removed) => Self::Gone(removed.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dish::tests::{dish, id};

    #[test]
    fn what_is_told_is_what_is_heard() {
        let tea = dish(7, 3, "Tea", 1250);
        assert_eq!(News::from(created(&tea)), News::Is(tea.clone()));
        assert_eq!(News::from(updated(&tea)), News::Is(tea.clone()));
        assert_eq!(News::from(deleted(&tea)), News::Gone(id(7)));
    }
}
