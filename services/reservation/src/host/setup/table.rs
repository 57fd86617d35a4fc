//! Tables.

use sqlx::PgConnection;

use super::form::{Form, Kept};
use super::thing::{Accepts, Texts, Thing};
use super::{Floor, MOST, joined, word};
use crate::area::AreaId;
use crate::edit::{Agrees, Stranded};
use crate::refusal::{Refusal, Thing as Missing};
use crate::room::Room;
use crate::store;
use crate::table::{self, Capacity, Table, TableId, TableValues};

fn id(id: i32) -> Result<TableId, Refusal> {
    TableId::new(id).ok_or(Refusal::NotFound(Missing::Table))
}

/// What its form has.
fn kept(fields: [(&str, String); 7]) -> Kept {
    fields.into_iter().map(|(id, value)| (id.to_owned(), value)).collect()
}

/// The areas to choose from, and none.
fn areas(form: &Form<'_>, floor: &Floor) -> Vec<(Option<AreaId>, String, String)> {
    let none = (None, String::new(), form.texts.say("setup-no-area"));
    let area = |area: &crate::area::Area| (Some(area.id), area.id.to_string(), area.name.clone());
    std::iter::once(none).chain(floor.areas.iter().map(area)).collect()
}

impl Thing for Table {
    const PATH: &'static str = "/host/setup/tables";
    const TEXTS: Texts = Texts {
        title: "setup-tables",
        lead: "setup-tables-more",
        adds: "setup-add-table",
        removes: ("setup-remove-table", "setup-remove-table-more"),
    };
    type Values = TableValues;

    async fn all(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        store::table::list(connection, true, None, MOST).await
    }

    async fn find(connection: &mut PgConnection, id: i32) -> Result<Option<Self>, sqlx::Error> {
        let Some(id) = TableId::new(id) else { return Ok(None) };
        store::table::get(connection, id).await
    }

    fn identity(&self) -> (i32, i32) {
        (self.id.get(), self.version)
    }

    fn say(&self, texts: &site::texts::Catalog, floor: &Floor) -> String {
        let number = [("table", self.table_number.to_string().into()), ("seats", self.capacity.into())];
        joined([
            Some(texts.tell("host-table-seats", number)),
            (self.min_party > 1).then(|| texts.tell("setup-from-party", [("guests", self.min_party.into())])),
            self.area_id.and_then(|area| floor.area(area)).map(str::to_owned),
            word(texts, !self.online, "setup-not-online"),
            word(texts, !self.is_active, "setup-inactive"),
        ])
    }

    fn kept(&self) -> Kept {
        kept([
            ("number", self.table_number.to_string()),
            ("seats", self.capacity.to_string()),
            ("min", self.min_party.to_string()),
            ("area", self.area_id.map(|id| id.to_string()).unwrap_or_default()),
            ("description", self.description.clone().unwrap_or_default()),
            ("online", self.online.to_string()),
            ("active", self.is_active.to_string()),
        ])
    }

    /// The next number, and what the last table has: most are like the one before.
    fn fresh(floor: &Floor) -> Kept {
        let last = floor.tables.last();
        kept([
            ("number", last.map_or(1, |table| table.table_number.saturating_add(1)).to_string()),
            ("seats", last.map_or(4, |table| table.capacity).to_string()),
            ("min", "1".to_owned()),
            ("area", last.and_then(|table| table.area_id).map(|id| id.to_string()).unwrap_or_default()),
            ("description", String::new()),
            ("online", "true".to_owned()),
            ("active", "true".to_owned()),
        ])
    }

    fn ask(form: &mut Form<'_>, floor: &Floor) -> Option<TableValues> {
        let table_number = form.whole("number", "setup-number");
        let capacity = form.whole::<Capacity>("seats", "setup-seats");
        let min_party = form.whole::<Capacity>("min", "setup-min-party");
        form.hint("setup-min-party-more");
        let areas = areas(form, floor);
        let area_id = form.choose("area", "setup-area", areas);
        let description = form.lines_or_none("description", "setup-description");
        let online = form.tick("online", "setup-table-online");
        let is_active = form.tick("active", "setup-active");
        let (capacity, min_party) = (capacity?, min_party?);
        if min_party > capacity {
            form.refuse("min", "setup-at-most-seats", [("seats", capacity.get().into())]);
            return None;
        }
        Some(TableValues {
            table_number: table_number?,
            capacity,
            description: description?,
            is_active,
            area_id: area_id?,
            min_party,
            online,
        })
    }

    async fn add(connection: &mut PgConnection, room: &Room, values: &TableValues, _: Agrees<'_>) -> Result<(i32, Stranded), Refusal> {
        Ok((table::add(connection, room, values).await?.id.get(), Stranded::default()))
    }

    async fn replace(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        values: &TableValues,
        _: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        table::replace(connection, room, accepts, id(number)?, values).await?;
        Ok(Stranded::default())
    }

    async fn remove(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        _: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        table::remove(connection, room, accepts, id(number)?).await?;
        Ok(Stranded::default())
    }
}
