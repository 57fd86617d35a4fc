//! Groups of tables.

use sqlx::PgConnection;

use super::form::{Form, Kept};
use super::thing::{Accepts, Texts, Thing};
use super::{Floor, MOST, joined};
use crate::booking::Guests;
use crate::edit::{Agrees, Stranded};
use crate::group::{self, Group, GroupCapacity, GroupId, GroupValues, Unjoinable};
use crate::http::group::TABLES;
use crate::refusal::{Refusal, Thing as Missing};
use crate::room::Room;
use crate::store;
use crate::table::TableId;

fn id(id: i32) -> Result<GroupId, Refusal> {
    GroupId::new(id).ok_or(Refusal::NotFound(Missing::Group))
}

/// The id of the box of a table.
fn of(table: TableId) -> String {
    format!("table-{table}")
}

/// Says beside the field at fault why tables cannot be a group.
pub(super) fn refuse(form: &mut Form<'_>, why: Unjoinable) {
    match why {
        Unjoinable::Unknown => form.refuse("tables", "setup-choice", []),
        Unjoinable::Inactive => form.refuse("tables", "setup-group-inactive", []),
        Unjoinable::Areas => form.refuse("tables", "setup-group-areas", []),
        Unjoinable::Small(largest) => form.refuse("seats", "setup-group-small", [("seats", largest.into())]),
    }
}

impl Thing for Group {
    const PATH: &'static str = "/host/setup/groups";
    const TEXTS: Texts = Texts {
        title: "setup-groups",
        lead: "setup-groups-more",
        adds: "setup-add-group",
        removes: ("setup-remove-group", "setup-remove-group-more"),
    };
    type Values = GroupValues;

    async fn all(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        store::group::list(connection, None, MOST).await
    }

    async fn find(connection: &mut PgConnection, id: i32) -> Result<Option<Self>, sqlx::Error> {
        let Some(id) = GroupId::new(id) else { return Ok(None) };
        store::group::get(connection, id).await
    }

    fn identity(&self) -> (i32, i32) {
        (self.id.get(), self.version)
    }

    fn say(&self, texts: &site::texts::Catalog, floor: &Floor) -> String {
        let seats = [("tables", floor.numbers(&self.table_ids).into()), ("seats", self.capacity.into())];
        joined([
            Some(self.name.clone()),
            Some(texts.tell("setup-group-seats", seats)),
            (self.min_party > 1).then(|| texts.tell("setup-from-party", [("guests", self.min_party.into())])),
        ])
    }

    fn kept(&self) -> Kept {
        let ticked = self.table_ids.iter().map(|table| (of(*table), "true".to_owned()));
        let fields = [("name", self.name.clone()), ("seats", self.capacity.to_string()), ("min", self.min_party.to_string())];
        fields.into_iter().map(|(id, value)| (id.to_owned(), value)).chain(ticked).collect()
    }

    fn fresh(_: &Floor) -> Kept {
        Kept::from([("min".to_owned(), "1".to_owned())])
    }

    fn ask(form: &mut Form<'_>, floor: &Floor) -> Option<GroupValues> {
        let name = form.line("name", "setup-name", true);
        let texts = form.texts;
        let choice = |table: &crate::table::Table| {
            let number = [("table", table.table_number.to_string().into()), ("seats", table.capacity.into())];
            (table.id, of(table.id), texts.tell("host-table-seats", number))
        };
        // One that is out of use cannot be chosen; one that was chosen before stays in sight.
        let is_shown = |table: &&crate::table::Table| table.is_active || form.value(&of(table.id)) == "true";
        let tables: Vec<_> = floor.tables.iter().filter(is_shown).map(choice).collect();
        let boxes: Vec<_> = form.value("boxes").split(' ').map(str::to_owned).collect();
        let is_gone = |id: &&String| form.value(id) == "true" && tables.iter().all(|(_, known, _)| known != *id);
        let are_gone = boxes.iter().any(|id| is_gone(&id));
        form.hidden.push(("boxes", tables.iter().map(|(_, id, _)| id.as_str()).collect::<Vec<_>>().join(" ")));
        let table_ids = form.several("tables", "setup-group-tables", tables);
        if are_gone {
            form.refuse("tables", "setup-tables-gone", []);
        }
        let capacity = form.whole::<GroupCapacity>("seats", "setup-seats-together");
        let min_party = form.whole::<Guests>("min", "setup-min-party");
        form.hint("setup-min-party-more");
        let few_or_many = form.is_sent() && !are_gone && !(2..=TABLES).contains(&table_ids.len());
        if few_or_many {
            form.refuse("tables", "setup-group-few", [("most", TABLES.into())]);
        }
        let (capacity, min_party) = (capacity?, min_party?);
        if min_party.get() > capacity.get() {
            form.refuse("min", "setup-at-most-seats", [("seats", capacity.get().into())]);
            return None;
        }
        if few_or_many || are_gone { None } else { Some(GroupValues { name: name?, table_ids, capacity, min_party }) }
    }

    async fn add(connection: &mut PgConnection, room: &Room, values: &GroupValues, _: Agrees<'_>) -> Result<(i32, Stranded), Refusal> {
        Ok((group::add(connection, room, values).await?.id.get(), Stranded::default()))
    }

    async fn replace(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        values: &GroupValues,
        _: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        group::replace(connection, room, accepts, id(number)?, values).await?;
        Ok(Stranded::default())
    }

    async fn remove(
        connection: &mut PgConnection,
        room: &Room,
        (number, accepts): (i32, Accepts<'_>),
        _: Agrees<'_>,
    ) -> Result<Stranded, Refusal> {
        group::remove(connection, room, accepts, id(number)?).await?;
        Ok(Stranded::default())
    }
}
