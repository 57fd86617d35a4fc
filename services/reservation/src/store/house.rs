//! The house, at its version.

use house::House;
use house::floor::{self, Floor, Group};
use house::rules::Rules;
use house::schedule::{Exception, Schedule, Service, Weekly};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};

use super::sql;
use crate::area::{Area, AreaId};
use crate::config::Restaurant;
use crate::edit::Section;
use crate::memory::Known;
use crate::table::{Table, TableId};

/// The version of the house.
///
/// # Errors
/// Where the database fails.
pub async fn version(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar(sql::HOUSE_VERSION).fetch_one(connection).await
}

#[derive(FromRow)]
struct Row {
    version: i32,
    #[sqlx(json)]
    rules: Rules,
    #[sqlx(json)]
    schedule: Vec<Weekly>,
    pause_until: Option<jiff_sqlx::Timestamp>,
    declared: Vec<String>,
    #[sqlx(json)]
    exceptions: Vec<StoredException>,
    #[sqlx(json)]
    areas: Vec<StoredArea>,
    #[sqlx(json)]
    tables: Vec<StoredTable>,
    #[sqlx(json)]
    groups: Vec<StoredGroup>,
}

/// An exception, as the statement has it.
#[derive(serde::Deserialize)]
struct StoredException {
    from: Date,
    until: Date,
    services: Vec<Service>,
}

impl From<StoredException> for Exception {
    fn from(exception: StoredException) -> Self {
        let StoredException { from, until, services } = exception;
        Self { from, until, services }
    }
}

/// An area, as the statement has it.
#[derive(serde::Deserialize)]
struct StoredArea {
    id: AreaId,
    name: String,
    online: bool,
    position: i32,
    version: i32,
}

impl From<StoredArea> for Area {
    fn from(area: StoredArea) -> Self {
        let StoredArea { id, name, online, position, version } = area;
        Self { id, name, online, position, version }
    }
}

/// A table in use, as the statement has it.
#[derive(serde::Deserialize)]
struct StoredTable {
    id: TableId,
    table_number: i32,
    capacity: i32,
    description: Option<String>,
    min_party: i32,
    area_id: Option<AreaId>,
    online: bool,
    created_at: Timestamp,
    version: i32,
}

impl From<StoredTable> for Table {
    fn from(table: StoredTable) -> Self {
        let StoredTable { id, table_number, capacity, description, min_party, area_id, online, created_at, version } = table;
        Self { id, table_number, capacity, description, is_active: true, area_id, min_party, online, created_at, version }
    }
}

/// An area, as it is judged by.
fn judged_area(area: &Area) -> floor::Area {
    floor::Area { id: area.id.get(), online: area.online, position: area.position }
}

/// A table, as it is judged by.
fn judged_table(table: &Table) -> floor::Table {
    let Table { table_number: number, capacity, min_party, online, .. } = *table;
    floor::Table { id: table.id.get(), number, capacity, min_party, area: table.area_id.map(AreaId::get), online }
}

/// A group of tables, as the statement has it.
#[derive(serde::Deserialize)]
struct StoredGroup {
    id: i32,
    table_ids: Vec<i32>,
    capacity: i32,
    min_party: i32,
}

impl From<StoredGroup> for Group {
    fn from(group: StoredGroup) -> Self {
        let StoredGroup { id, table_ids: tables, capacity, min_party } = group;
        Self { id, tables, capacity, min_party }
    }
}

/// The sections of these words; one that a later version declared is none of this one's.
fn sections(words: &[String]) -> Vec<Section> {
    words.iter().filter_map(|word| Section::ALL.iter().copied().find(|section| section.as_str() == word)).collect()
}

/// The sections that are declared.
///
/// # Errors
/// Where the database fails.
pub async fn declared(connection: &mut PgConnection) -> Result<Vec<Section>, sqlx::Error> {
    let words: Vec<String> = sqlx::query_scalar(sql::DECLARED).fetch_one(connection).await?;
    Ok(sections(&words))
}

/// Sets which sections are declared.
///
/// # Errors
/// Where the database fails.
pub async fn set_declared(transaction: &mut PgConnection, sections: &[Section]) -> Result<(), sqlx::Error> {
    let words: Vec<&str> = sections.iter().map(|section| section.as_str()).collect();
    sqlx::query(sql::SET_DECLARED).bind(words).execute(transaction).await?;
    Ok(())
}

/// The house, in one statement: all of it is of one version.
///
/// # Errors
/// Where the database fails.
pub async fn read(connection: &mut PgConnection, restaurant: &Restaurant) -> Result<Known, sqlx::Error> {
    let row: Row = sqlx::query_as(sql::READ_HOUSE).fetch_one(connection).await?;
    let mut areas: Vec<_> = row.areas.into_iter().map(Area::from).collect();
    areas.sort_by_key(|area| (area.position, area.id.get()));
    let mut tables: Vec<_> = row.tables.into_iter().map(Table::from).collect();
    tables.sort_by_key(|table| table.table_number);
    let groups: Vec<_> = row.groups.into_iter().map(Group::from).collect();
    let judged: Vec<_> = areas.iter().map(judged_area).collect();
    let floor = Floor::new(&judged, tables.iter().map(judged_table).collect(), &groups);
    let schedule = Schedule::new(row.schedule, row.exceptions.into_iter().map(Exception::from).collect());
    let pause_until = row.pause_until.map(jiff_sqlx::Timestamp::to_jiff);
    Ok(Known {
        version: row.version,
        declared: sections(&row.declared),
        areas,
        tables,
        house: House { rules: row.rules, schedule, pause_until, floor, ..restaurant.house() },
    })
}

/// Waits until nobody else edits the house nor books by it, and keeps it so until the transaction ends. Every edit begins with it, so that no
/// two wait for each other. The lock is the table's, whose queue is in order: those who share a row do not queue behind somebody who wants it
/// alone.
///
/// # Errors
/// Where the database fails.
pub async fn lock(transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(sql::LOCK_HOUSE).execute(transaction).await?;
    Ok(())
}

/// Keeps the house as it is until the transaction ends, whatever it is.
///
/// # Errors
/// Where the database fails.
pub async fn share(transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(sql::SHARE_HOUSE).execute(transaction).await?;
    Ok(())
}

/// Whether the house has this version, which it then keeps until the transaction ends.
///
/// # Errors
/// Where the database fails.
pub async fn agrees(transaction: &mut PgConnection, version: i32) -> Result<bool, sqlx::Error> {
    Ok(sqlx::query(sql::HOUSE_AGREES).bind(version).fetch_optional(transaction).await?.is_some())
}

/// Sets the rules.
///
/// # Errors
/// Where the database fails.
pub async fn set_rules(transaction: &mut PgConnection, rules: &Rules) -> Result<(), sqlx::Error> {
    sqlx::query(sql::SET_RULES).bind(Json(rules)).execute(transaction).await?;
    Ok(())
}

/// Sets the services of the week.
///
/// # Errors
/// Where the database fails.
pub async fn set_schedule(transaction: &mut PgConnection, week: &[Weekly]) -> Result<(), sqlx::Error> {
    sqlx::query(sql::SET_SCHEDULE).bind(Json(week)).execute(transaction).await?;
    Ok(())
}

/// Sets until when no bookings are taken; `None`: they are.
///
/// # Errors
/// Where the database fails.
pub async fn set_pause(transaction: &mut PgConnection, until: Option<Timestamp>) -> Result<(), sqlx::Error> {
    sqlx::query(sql::SET_PAUSE).bind(until.map(|until| until.to_sqlx())).execute(transaction).await?;
    Ok(())
}
