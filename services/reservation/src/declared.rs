//! The house as it is declared: a section that is declared becomes what is declared, and is the staff's no longer; one that is withdrawn stays as
//! it is and becomes theirs. No booking is ever cancelled by it.

pub mod file;

use std::collections::{HashMap, HashSet};
use std::fmt;

use chassis::http::text::Text;
use chassis::http::value::{Raw, Value as _};
use chassis::run::service::StartError;
use house::declared::{self, Declared, Fault, Floor};
use sqlx::PgConnection;

use crate::area::{Area, AreaId, AreaValues, Position};
use crate::booking::Guests;
use crate::edit::{Edit, Section, stranded};
use crate::group::{Group, GroupCapacity, GroupValues};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::store;
use crate::table::{Capacity, Table, TableId, TableNumber, TableValues};

/// How many areas, tables or groups there may be: a house has fewer.
const MOST: i64 = 100_000;

/// A declaration that can be applied: without faults, and with texts as the API would keep them, which trims them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked(Declared);

impl Checked {
    /// Checks a declaration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(mut declared: Declared) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if let Some(policy) = declared.booking.as_mut().and_then(|booking| booking.policy.as_mut()) {
            keep::<2000>("booking.policy".to_owned(), policy, &mut faults);
        }
        for (index, service) in declared.opening_hours.iter_mut().flatten().enumerate() {
            keep::<100>(format!("openingHours[{index}].name"), &mut service.name, &mut faults);
        }
        if let Some(floor) = &mut declared.floor {
            for (index, area) in floor.areas.iter_mut().enumerate() {
                keep::<100>(format!("floor.areas[{index}].name"), &mut area.name, &mut faults);
            }
            for (index, table) in floor.tables.iter_mut().enumerate() {
                let texts = [(&mut table.area, "area"), (&mut table.description, "description")];
                for (text, name) in texts.into_iter().filter_map(|(text, name)| Some((text.as_mut()?, name))) {
                    keep::<2000>(format!("floor.tables[{index}].{name}"), text, &mut faults);
                }
            }
            for (index, group) in floor.groups.iter_mut().enumerate() {
                keep::<100>(format!("floor.groups[{index}].name"), &mut group.name, &mut faults);
            }
        }
        // Of a text that is blank or too long it says the same.
        let others = declared.faults();
        faults.retain(|fault| !others.iter().any(|other| other.path == fault.path));
        faults.extend(others);
        if faults.is_empty() { Ok(Self(declared)) } else { Err(faults) }
    }
}

/// Makes a text what the API would keep of it; notes one that it would refuse.
fn keep<const MAX: usize>(path: String, text: &mut String, faults: &mut Vec<Fault>) {
    match Text::<MAX>::read(Raw::Text(text)) {
        Ok(kept) => *text = kept.into_string(),
        Err(fault) => faults.push(Fault { path, message: fault.detail }),
    }
}

/// What became of some things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// How many are new.
    pub added: usize,
    /// How many have other values.
    pub changed: usize,
    /// How many are out of use now, since bookings refer to them.
    pub deactivated: usize,
    /// How many are gone.
    pub removed: usize,
}

/// What an application of a declaration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The sections that are declared now.
    pub declared: Vec<Section>,
    /// Whether there were other rules.
    pub rules: bool,
    /// Whether there were other hours.
    pub hours: bool,
    /// The areas.
    pub areas: Changes,
    /// The tables.
    pub tables: Changes,
    /// The groups.
    pub groups: Changes,
    /// How many bookings ahead it strands: they begin in no service any more, or one of their tables is out of use. None is cancelled.
    pub stranded: usize,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [(self.added, "added"), (self.changed, "changed"), (self.deactivated, "deactivated"), (self.removed, "removed")];
        let told: Vec<_> = all.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        f.write_str(&told.join(", "))
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections: Vec<_> = self.declared.iter().map(|section| section.as_str()).collect();
        match sections.as_slice() {
            [] => f.write_str("nothing is declared: the house is the staff's")?,
            sections => write!(f, "declared: {}", sections.join(", "))?,
        }
        let mut told = Vec::new();
        told.extend(self.rules.then(|| "rules changed".to_owned()));
        told.extend(self.hours.then(|| "hours changed".to_owned()));
        for (name, changes) in [("areas", self.areas), ("tables", self.tables), ("groups", self.groups)] {
            if changes != Changes::default() {
                told.push(format!("{name}: {changes}"));
            }
        }
        if told.is_empty() {
            return f.write_str("; no change");
        }
        write!(f, "; {}; bookings stranded: {}", told.join("; "), self.stranded)
    }
}

/// The sections that a declaration has.
fn sections(declared: &Declared) -> Vec<Section> {
    let all = [
        (declared.booking.is_some(), Section::Booking),
        (declared.opening_hours.is_some(), Section::OpeningHours),
        (declared.floor.is_some(), Section::Floor),
    ];
    all.into_iter().filter(|(is, _)| *is).map(|(_, section)| section).collect()
}

/// Makes the house what is declared. Where it is so already, nothing is written.
///
/// # Errors
/// Where the database fails; the house is then as it was.
pub async fn apply(connection: &mut PgConnection, room: &Room, Checked(declared): &Checked) -> Result<Applied, StartError> {
    let applied = make(connection, room, declared).await;
    applied.map_err(|refusal| match refusal {
        Refusal::Database(error) => StartError::Other(format!("the house cannot be applied: {error}")),
        refusal => StartError::Other(format!("the house cannot be applied: {refusal:?}")),
    })
}

async fn make(connection: &mut PgConnection, room: &Room, declared: &Declared) -> Result<Applied, Refusal> {
    let mut edit = Edit::begin(connection).await?;
    let before = edit.house(room).await?;
    let ahead = store::list::ahead(edit.connection(), None).await?;
    let known: HashSet<_> = stranded(&before, &ahead).into_iter().map(|booking| booking.id).collect();
    let mut applied = Applied { declared: sections(declared), ..Applied::default() };
    if let Some(booking) = &declared.booking {
        let rules = booking.rules();
        applied.rules = rules != before.rules;
        if applied.rules {
            store::house::set_rules(edit.connection(), &rules).await?;
            if rules.pacing != before.rules.pacing {
                store::pacing::recount(edit.connection(), rules.pacing).await?;
            }
        }
    }
    if let Some(hours) = &declared.opening_hours {
        let week: Vec<_> = hours.iter().filter_map(declared::OpeningHours::weekly).collect();
        applied.hours = week != before.schedule.week();
        if applied.hours {
            store::house::set_schedule(edit.connection(), &week).await?;
        }
    }
    if let Some(floor) = &declared.floor {
        self::floor(&mut edit, floor, &mut applied).await?;
    }
    let owned = store::house::declared(edit.connection()).await? != applied.declared;
    if owned {
        store::house::set_declared(edit.connection(), &applied.declared).await?;
    }
    if !owned && applied == (Applied { declared: applied.declared.clone(), ..Applied::default() }) {
        // Dropped, the edit is as if it had not begun: the version stays.
        return Ok(applied);
    }
    let (after, ahead) = (edit.house(room).await?, store::list::ahead(edit.connection(), None).await?);
    applied.stranded = stranded(&after, &ahead).into_iter().filter(|booking| !known.contains(&booking.id)).count();
    edit.finish(room).await?;
    Ok(applied)
}

/// The floor: areas and tables by what they are called, then groups, then what is not named any more.
async fn floor(edit: &mut Edit<'_>, floor: &Floor, applied: &mut Applied) -> Result<(), Refusal> {
    let known_areas = store::area::list(edit.connection(), None, MOST).await?;
    let areas = areas(edit, floor, &known_areas, &mut applied.areas).await?;
    let known_tables = store::table::list(edit.connection(), true, None, MOST).await?;
    let tables = tables(edit, floor, &areas, &known_tables, &mut applied.tables).await?;
    groups(edit, floor, &tables, &mut applied.groups).await?;
    let kept: HashSet<AreaId> = areas.values().copied().collect();
    for table in known_tables.iter().filter(|table| !tables.contains_key(&table.table_number)) {
        leave(edit, table, &kept, &mut applied.tables).await?;
    }
    for area in known_areas.iter().filter(|area| !kept.contains(&area.id)) {
        store::area::remove(edit.connection(), area.id).await?;
        applied.areas.removed += 1;
    }
    Ok(())
}

/// Text of a declaration that was checked.
fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::read(Raw::Text(text)).expect("a declaration without faults")
}

/// The declared areas, by their names.
async fn areas(edit: &mut Edit<'_>, floor: &Floor, known: &[Area], changes: &mut Changes) -> Result<HashMap<String, AreaId>, Refusal> {
    let mut ids = HashMap::new();
    for (position, area) in (0..).zip(&floor.areas) {
        let position = Position::new(position).expect("a declaration without faults");
        let values = AreaValues { name: text(&area.name), online: area.online.unwrap_or(true), position };
        let id = match known.iter().find(|known| known.name == values.name.as_str()) {
            Some(area) if values.are_those_of(area) => area.id,
            Some(area) => {
                changes.changed += 1;
                store::area::update(edit.connection(), area.id, &values).await?.id
            }
            None => {
                changes.added += 1;
                store::area::insert(edit.connection(), &values).await?.id
            }
        };
        ids.insert(values.name.into_string(), id);
    }
    Ok(ids)
}

/// The declared tables, by their numbers.
async fn tables(
    edit: &mut Edit<'_>,
    floor: &Floor,
    areas: &HashMap<String, AreaId>,
    known: &[Table],
    changes: &mut Changes,
) -> Result<HashMap<i32, TableId>, Refusal> {
    let known: HashMap<i32, &Table> = known.iter().map(|table| (table.table_number, table)).collect();
    let mut ids = HashMap::new();
    for table in &floor.tables {
        let sound = "a declaration without faults";
        let values = TableValues {
            table_number: TableNumber::new(table.number).expect(sound),
            capacity: Capacity::new(table.seats).expect(sound),
            description: table.description.as_deref().map(text),
            is_active: true,
            area_id: table.area.as_ref().map(|area| areas[area]),
            min_party: Capacity::new(table.min_party.unwrap_or(1)).expect(sound),
            online: table.online.unwrap_or(true),
        };
        let id = match known.get(&table.number) {
            Some(table) if values.are_those_of(table) => table.id,
            Some(table) => {
                changes.changed += 1;
                store::table::update(edit.connection(), table.id, &values).await?.id
            }
            None => {
                changes.added += 1;
                store::table::insert(edit.connection(), &values).await?.id
            }
        };
        ids.insert(table.number, id);
    }
    Ok(ids)
}

/// The declared groups, in place of those that there are: they have no identity of their own.
async fn groups(edit: &mut Edit<'_>, floor: &Floor, tables: &HashMap<i32, TableId>, changes: &mut Changes) -> Result<(), Refusal> {
    let values = |group: &declared::Group| GroupValues {
        name: text(&group.name),
        table_ids: group.tables.iter().map(|number| tables[number]).collect(),
        capacity: GroupCapacity::new(group.seats).expect("a declaration without faults"),
        min_party: Guests::new(group.min_party.unwrap_or(1)).expect("a declaration without faults"),
    };
    let mut left: Vec<Group> = store::group::list(edit.connection(), None, MOST).await?;
    let mut new = Vec::new();
    for values in floor.groups.iter().map(values) {
        match left.iter().position(|group| values.are_those_of(group)) {
            Some(same) => drop(left.swap_remove(same)),
            None => new.push(values),
        }
    }
    changes.removed += left.len();
    changes.added += new.len();
    for group in left {
        store::group::remove(edit.connection(), group.id).await?;
    }
    for values in new {
        store::group::insert(edit.connection(), &values).await?;
    }
    Ok(())
}

/// Takes a table that is not declared any more out of the house: out of use where bookings or blocks refer to it, else altogether.
async fn leave(edit: &mut Edit<'_>, table: &Table, kept: &HashSet<AreaId>, changes: &mut Changes) -> Result<(), Refusal> {
    if table.is_active {
        store::table::remove(edit.connection(), table.id).await?;
        match store::table::get(edit.connection(), table.id).await? {
            None => changes.removed += 1,
            Some(_) => changes.deactivated += 1,
        }
    }
    // An area goes with the tables that are in use: those that are not stand in no area then.
    if table.area_id.is_some_and(|area| !kept.contains(&area)) {
        store::table::leave_area(edit.connection(), table.id).await?;
    }
    Ok(())
}
