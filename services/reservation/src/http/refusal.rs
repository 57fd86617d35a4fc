//! Why a booking is refused: the service's own problem codes.

use chassis::http::code::Code;
use chassis::http::problem::Problem;
use jiff::Timestamp;
use serde_json::json;

use crate::status::{Actor, Moment};
use crate::store::table::Ahead;

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub static $name: Code = Code::new($code, $status, $title, $meaning);
        )*

        /// The codes of this service, beside those that any may answer with.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    TABLE_NUMBER_TAKEN = "table_number_taken", 409, "Table number taken", "Another table has this number.";
    TABLE_HAS_BOOKINGS = "table_has_bookings", 409, "Table has bookings", "Bookings ahead stand in the way of the change; `reservations` lists the first 20.";
    NO_TABLE_FITS = "no_table_fits", 409, "No table fits", "No active table seats the party.";
    NO_TABLE_FREE = "no_table_free", 409, "No table free", "Every table that seats the party is taken at that time; `alternatives` has up to three times that are free.";
    TABLE_TAKEN = "table_taken", 409, "Table taken", "The table that was named is taken at that time.";
    TABLE_INACTIVE = "table_inactive", 409, "Table inactive", "The table that was named cannot be booked.";
    INVALID_TRANSITION = "invalid_transition", 409, "Invalid transition", "The booking's state does not allow it; `reservation_status` is the state and `allowed` lists the actions that are possible now.";
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 422, "Idempotency key reused", "The Idempotency-Key was used for a request with another body within 24 hours.";
}

/// 409: what was asked is not possible in the state that the booking is in.
pub fn invalid_transition(what: &str, moment: &Moment, actor: Actor) -> Problem {
    let (state, allowed) = (moment.status.as_str(), moment.allowed(actor));
    let possible: Vec<_> = allowed.iter().map(|action| action.as_str()).collect();
    let possible = if possible.is_empty() { "nothing".to_owned() } else { possible.join(", ") };
    Problem::new(&INVALID_TRANSITION, format!("The booking is {state}: it is not possible to {what} it now. Possible now: {possible}."))
        .with("reservation_status", state)
        .with("allowed", json!(allowed))
}

/// 409: bookings ahead stand in the way.
pub fn table_has_bookings(ahead: &[Ahead]) -> Problem {
    Problem::new(&TABLE_HAS_BOOKINGS, "Bookings ahead stand in the way: move or cancel them first. `reservations` lists the first 20.")
        .with("reservations", json!(ahead))
}

/// 409: every table that seats the party is taken.
pub fn no_table_free(alternatives: &[Timestamp]) -> Problem {
    let detail = match alternatives {
        [] => "No table that seats the party is free at that time, nor within a day of it.",
        _ => "No table that seats the party is free at that time; `alternatives` has the nearest times that are.",
    };
    Problem::new(&NO_TABLE_FREE, detail).with("alternatives", json!(alternatives))
}

/// 409: no table is large enough.
pub fn no_table_fits(guests: i32) -> Problem {
    Problem::new(&NO_TABLE_FITS, format!("No table seats a party of {guests}."))
}

/// 409: the table that was named is taken.
pub fn table_taken() -> Problem {
    Problem::new(&TABLE_TAKEN, "The table is taken at that time; name another, or none, and the house finds one.")
}
