//! Areas.

use sqlx::PgConnection;

use super::form::{Form, Kept};
use super::thing::{Accepts, Texts, Thing};
use super::{Floor, MOST, joined, word};
use crate::area::{self, Area, AreaId, AreaValues, Position};
use crate::edit::{Agrees, Stranded};
use crate::refusal::{Refusal, Thing as Missing};
use crate::room::Room;
use crate::store;

fn id(id: i32) -> Result<AreaId, Refusal> {
    AreaId::new(id).ok_or(Refusal::NotFound(Missing::Area))
}

impl Thing for Area {
    const PATH: &'static str = "/host/setup/areas";
    const TEXTS: Texts = Texts {
        title: "setup-areas",
        lead: "setup-areas-more",
        adds: "setup-add-area",
        removes: ("setup-remove-area", "setup-remove-area-more"),
    };
    type Values = AreaValues;

    async fn all(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        store::area::list(connection, None, MOST).await
    }

    async fn find(connection: &mut PgConnection, id: i32) -> Result<Option<Self>, sqlx::Error> {
        let Some(id) = AreaId::new(id) else { return Ok(None) };
        store::area::get(connection, id).await
    }

    fn identity(&self) -> (i32, i32) {
        (self.id.get(), self.version)
    }

    fn say(&self, texts: &site::texts::Catalog, floor: &Floor) -> String {
        let tables = floor.tables.iter().filter(|table| table.area_id == Some(self.id) && table.is_active).count();
        joined([
            Some(self.name.clone()),
            Some(texts.tell("setup-tables-count", [("count", tables.into())])),
            word(texts, !self.online, "setup-not-online"),
        ])
    }

    fn kept(&self) -> Kept {
        Kept::from([
            ("name".to_owned(), self.name.clone()),
            ("position".to_owned(), self.position.to_string()),
            ("online".to_owned(), self.online.to_string()),
        ])
    }

    fn fresh(floor: &Floor) -> Kept {
        let position = floor.areas.iter().map(|area| area.position + 1).max().unwrap_or(0).min(Position::MAX.get());
        Kept::from([("position".to_owned(), position.to_string()), ("online".to_owned(), "true".to_owned())])
    }

    fn ask(form: &mut Form<'_>, _: &Floor) -> Option<AreaValues> {
        let name = form.line("name", "setup-name", true);
        let position = form.whole("position", "setup-position");
        form.hint("setup-position-more");
        let online = form.tick("online", "setup-area-online");
        Some(AreaValues { name: name?, online, position: position? })
    }

    async fn add(connection: &mut PgConnection, room: &Room, values: &AreaValues, _: Agrees<'_>) -> Result<(i32, Stranded), Refusal> {
        Ok((area::add(connection, room, values).await?.id.get(), Stranded::default()))
    }

    async fn replace(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        values: &AreaValues,
        _: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        area::replace(connection, room, accepts, id(number)?, values).await?;
        Ok(Stranded::default())
    }

    async fn remove(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        _: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        area::remove(connection, room, accepts, id(number)?).await?;
        Ok(Stranded::default())
    }
}
