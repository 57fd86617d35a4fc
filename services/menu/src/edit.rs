//! Changing the menu, for the API and for pages alike. The author of a change reads it from then on.

use chassis::http::etag::Conditions;
use chassis::http::problem::Problem;
use contract::DishId;

use crate::Menu;
use crate::dish::{Dish, MenuItemChange, MenuItemDraft};
use crate::events::News;
use crate::store::{self, Added};

impl Menu {
    /// Puts a dish onto the menu.
    pub(crate) async fn add(&self, draft: &MenuItemDraft) -> Result<Dish, Problem> {
        match self.create(draft, None).await? {
            Added::Now(dish) => Ok(dish),
            Added::Before(_) => Err(Problem::internal("a dish that no form has added was added before")),
        }
    }

    /// Puts a dish onto the menu by a form, which adds it once however often it is sent; the id of the dish, where it is still on the menu.
    pub(crate) async fn add_by_form(&self, draft: &MenuItemDraft, digest: &[u8]) -> Result<Option<DishId>, Problem> {
        Ok(match self.create(draft, Some(digest)).await? {
            Added::Now(dish) => Some(dish.id),
            Added::Before(id) => id,
        })
    }

    async fn create(&self, draft: &MenuItemDraft, form: Option<&[u8]>) -> Result<Added, Problem> {
        let added = store::create(&self.pool, &self.outbox, draft, form).await?;
        if let Added::Now(dish) = &added {
            self.cache.note_own(News::Is(dish.clone())).await;
        }
        Ok(added)
    }

    /// Changes a dish of a version that the conditions allow.
    pub(crate) async fn change(&self, id: DishId, conditions: &Conditions, change: MenuItemChange) -> Result<Dish, Problem> {
        let dish = store::change(&self.pool, &self.outbox, id, conditions, change).await?;
        self.cache.note_own(News::Is(dish.clone())).await;
        Ok(dish)
    }

    /// Takes a dish off the menu, of a version that the conditions allow.
    pub(crate) async fn delete(&self, id: DishId, conditions: &Conditions) -> Result<(), Problem> {
        store::delete(&self.pool, &self.outbox, id, conditions).await?;
        self.cache.note_own(News::Gone(id)).await;
        Ok(())
    }
}
