//! The service's own problem codes.

use chassis::http::code::Code;

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
    ACCOUNT_REQUIRED = "account_required", 403, "Account required", "The restaurant takes bookings with an account alone; log in, and book with it.";
    TABLE_NUMBER_TAKEN = "table_number_taken", 409, "Table number taken", "Another table has this number.";
    TABLE_HAS_BOOKINGS = "table_has_bookings", 409, "Table has bookings", "Bookings ahead prevent the change; `reservations` lists the first 20.";
    TABLE_IN_GROUP = "table_in_group", 409, "Table in group", "The table is part of a group that the change would break; `groups` lists those.";
    TABLE_BLOCKED = "table_blocked", 409, "Table blocked", "A table is blocked already at that time; `blocks` lists by which.";
    AREA_NAME_TAKEN = "area_name_taken", 409, "Area name taken", "Another area has this name.";
    AREA_IN_USE = "area_in_use", 409, "Area in use", "Tables stand in the area, in use or not.";
    MANAGED_BY_RESOURCE = "managed_by_resource", 409, "Managed by resource", "The resource of the restaurant, or its file, declares this section of the house: change it there; `section` is its name.";
    EXCEPTION_EXISTS = "exception_exists", 409, "Exception exists", "One of the dates has an exception already; `id` is its id.";
    NOT_BOOKABLE = "not_bookable", 409, "Not bookable", "The restaurant takes no such booking at that time; `reason` says why, and `alternatives` lists up to three times within 7 days at which it does.";
    TOO_LATE_TO_CHANGE = "too_late_to_change", 409, "Too late to change", "So soon before its start a guest no longer changes the booking.";
    NO_TABLE_FITS = "no_table_fits", 409, "No table fits", "The restaurant gives no table to such a party.";
    NO_TABLE_FREE = "no_table_free", 409, "No table free", "Every table that seats the party is taken at that time; `alternatives` lists up to three times within 7 days at which one is free.";
    TABLE_TAKEN = "table_taken", 409, "Table taken", "The table is taken at that time.";
    TABLE_OCCUPIED = "table_occupied", 409, "Table occupied", "Another party sits at the table; `reservations` lists its booking.";
    TABLE_INACTIVE = "table_inactive", 409, "Table inactive", "The named table is not in use.";
    INVALID_TRANSITION = "invalid_transition", 409, "Invalid transition", "The booking's state does not allow it; `reservation_status` is the state and `allowed` lists the actions that are possible now.";
    NO_MESSAGE = "no_message", 409, "No message", "No mail was ever written to the guest at this address, so that there is none to send again.";
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 422, "Idempotency key reused", "The Idempotency-Key was used for a request with another body within 24 hours.";
    TOO_MANY_REQUESTS = "too_many_requests", 429, "Too many requests", "As many bookings were made within an hour as one user, or one network without an account, may make, or the user has as many ahead as one user may have; try again after `Retry-After` seconds.";
}
