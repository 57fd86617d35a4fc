//! Ids of the things that events tell of.

pub use chassis::http::identity::UserId;

chassis::id! {
    /// The id of a dish. It is never given again.
    pub struct DishId;
}

chassis::id! {
    /// The id of a table.
    pub struct TableId;
}

chassis::id! {
    /// The id of a booking.
    pub struct ReservationId;
}
