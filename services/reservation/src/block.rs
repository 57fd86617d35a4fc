//! Blocks: tables that the staff take out of use for a while, such as a terrace in the rain.

use chassis::http::code::Code;
use chassis::http::text::Text;
use house::span::Span;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::area::AreaId;
use crate::booking::Brief;
use crate::codes;
use crate::edit::Edit;
use crate::refusal::{Refusal, Thing};
use crate::room::Room;
use crate::store;
use crate::table::TableId;

chassis::id! {
    /// The id of a block.
    pub struct BlockId;
}

/// The problems with which a new block may be refused.
pub static ADD_REFUSALS: &[&Code] = &[&codes::TABLE_HAS_BOOKINGS, &codes::TABLE_BLOCKED];

/// How many of the bookings that are in the way are named.
const NAMED: usize = 20;

/// Tables that are out of use for a while.
#[derive(Clone, Debug, FromRow, Serialize, utoipa::ToSchema)]
pub struct Block {
    /// The id.
    pub id: BlockId,
    /// The tables.
    pub table_ids: Vec<TableId>,
    /// When it begins.
    #[sqlx(rename = "from_at", try_from = "jiff_sqlx::Timestamp")]
    pub from: Timestamp,
    /// When it ends.
    #[sqlx(rename = "until_at", try_from = "jiff_sqlx::Timestamp")]
    pub until: Timestamp,
    /// The reason, where one was given.
    #[schema(example = "Rain")]
    pub reason: Option<String>,
    /// When it was made.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
}

impl Block {
    /// From when until when.
    pub fn span(&self) -> Span {
        Span { start: self.from, end: self.until }
    }
}

/// The tables of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// These, each once.
    Tables(Vec<TableId>),
    /// Those that stand in an area.
    Area(AreaId),
}

/// A block as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockValues {
    /// The tables.
    pub blocked: Blocked,
    /// From when until when.
    pub span: Span,
    /// The reason.
    pub reason: Option<Text<255>>,
}

/// Why tables cannot be blocked, by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unblockable {
    /// There is no such table.
    Unknown,
    /// There is no such area.
    UnknownArea,
    /// No table stands in the area.
    Empty,
}

/// What stands in the way of a block at a table.
#[derive(Clone, Debug)]
pub struct InTheWay {
    /// The table.
    pub table_id: TableId,
    /// The booking, or the block.
    pub by: Holder,
    /// Until when.
    pub end: Timestamp,
}

/// What holds a table.
#[derive(Clone, Debug)]
pub enum Holder {
    /// A booking.
    Booking(Brief),
    /// A booking whose party sits there.
    Sitting,
    /// A block.
    Block(BlockId),
}

/// Blocks tables. Whoever sits there stays: the block of their table begins when they are expected to leave.
///
/// # Errors
/// `NoBlock`, one of [`ADD_REFUSALS`], or `Database`.
pub async fn add(edit: &mut Edit<'_>, values: &BlockValues) -> Result<Block, Refusal> {
    let tables = tables(edit, &values.blocked).await?;
    let found = store::block::in_the_way(edit.connection(), &tables, values.span).await?;
    let (mut blocks, mut bookings) = (Vec::new(), Vec::new());
    let mut starts = vec![values.span.start; tables.len()];
    for InTheWay { table_id, by, end } in found {
        match by {
            Holder::Block(id) if !blocks.contains(&id) => blocks.push(id),
            Holder::Block(_) => {}
            Holder::Booking(brief) if bookings.iter().all(|known: &Brief| known.id != brief.id) => bookings.push(brief),
            Holder::Booking(_) => {}
            Holder::Sitting => {
                let at = tables.iter().position(|table| *table == table_id).expect("a table of the block");
                starts[at] = starts[at].max(end);
            }
        }
    }
    if !bookings.is_empty() {
        bookings.truncate(NAMED);
        return Err(Refusal::TableHasBookings(bookings));
    }
    if !blocks.is_empty() {
        return Err(Refusal::TableBlocked(blocks));
    }
    Ok(store::block::insert(edit.connection(), values, &tables, &starts).await?)
}

/// Removes a block. Returns it.
///
/// # Errors
/// `NotFound`, `OtherVersion` or `Database`.
pub async fn remove(
    connection: &mut PgConnection,
    room: &Room,
    accepts: &(dyn Fn(i32) -> bool + Sync),
    id: BlockId,
) -> Result<Block, Refusal> {
    let mut edit = Edit::begin(connection).await?;
    let block = store::block::get(edit.connection(), id).await?.ok_or(Refusal::NotFound(Thing::Block))?;
    if !accepts(id.get()) {
        return Err(Refusal::OtherVersion(id.get()));
    }
    store::block::remove(edit.connection(), id).await?;
    edit.finish(room).await?;
    Ok(block)
}

/// The tables that are to be blocked.
async fn tables(edit: &mut Edit<'_>, blocked: &Blocked) -> Result<Vec<TableId>, Refusal> {
    let (member, tables, why) = match blocked {
        Blocked::Tables(ids) => {
            let tables = store::table::of(edit.connection(), ids).await?;
            let unknown = (tables.len() < ids.len()).then_some(Unblockable::Unknown);
            ("table_ids", tables, unknown)
        }
        Blocked::Area(id) => {
            let area = store::area::get(edit.connection(), *id).await?;
            let tables = store::table::in_area(edit.connection(), *id).await?;
            let empty = tables.is_empty().then_some(Unblockable::Empty);
            ("area_id", tables, if area.is_none() { Some(Unblockable::UnknownArea) } else { empty })
        }
    };
    match why {
        Some(why) => Err(Refusal::NoBlock(member, why)),
        None => Ok(tables.into_iter().map(|table| table.id).collect()),
    }
}
