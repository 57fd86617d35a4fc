//! What a restored database of bookings needs.

use chassis::run::restored::Repair;

/// In this order.
pub const REPAIRS: &[Repair] = &[
    // Guests of last week are not written to today. A reminder has a time of its own.
    Repair { what: "messages expired", statement: include_str!("sql/expire_old_messages.sql") },
    // Whoever sent it has gone without an answer, and nobody works on it any more.
    Repair { what: "requests without an answer forgotten", statement: "DELETE FROM idempotency_key WHERE status IS NULL" },
    Repair { what: "bookings told again", statement: include_str!("sql/tell_again.sql") },
];
