//! Ids, which cannot be mixed up: positive, 32 bits.

pub use chassis::http::identity::UserId;

chassis::id! {
    /// The id of a dish.
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
