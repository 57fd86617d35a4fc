//! How the house's refusals are told: the one place where a [`Refusal`] becomes a problem.

use chassis::http::code;
use chassis::http::problem::{FieldError, Place, Problem};
use chassis::http::value::Fault;
use jiff::Timestamp;
use serde_json::json;

use crate::calendar::Reason;
use crate::codes;
use crate::config::House;
use crate::floor::Unsuitable;
use crate::refusal::{Attempt, Limit, Missing, Refusal, Thing};
use crate::status::{Action, Actor, Moment};

/// The problem that a refusal is to the caller.
pub fn problem(refusal: Refusal, house: &House) -> Problem {
    match refusal {
        Refusal::NotFound(Thing::Reservation) => Problem::not_found("booking"),
        Refusal::NotFound(Thing::Table) => Problem::not_found("table"),
        Refusal::OtherVersion(version) => Problem::new(
            &code::PRECONDITION_FAILED,
            format!(
                "The current version is \"{version}\", and the request's conditions exclude it. Read it again, then repeat the request."
            ),
        ),
        Refusal::InvalidTransition(attempt, moment, actor) => invalid_transition(attempt, &moment, actor),
        Refusal::Time(reason) => {
            let Fault { code, detail } = time_fault(reason, house);
            Problem::member("reservation_time", code, detail)
        }
        Refusal::Invalid(unsuitable, missing) => invalid(unsuitable, missing),
        Refusal::TooMany(limit, seconds) => too_many(limit, house).retry_after(seconds),
        Refusal::TableInactive => {
            Problem::new(&codes::TABLE_INACTIVE, "The table is not in use. Name another table, or none: then the house chooses.")
        }
        Refusal::TableTaken => {
            Problem::new(&codes::TABLE_TAKEN, "The table is taken at that time. Name another table, or none: then the house chooses.")
        }
        Refusal::TableOccupied(sitting) => {
            let detail = "Another party sits at the table. Complete its booking first, or choose another table.";
            Problem::new(&codes::TABLE_OCCUPIED, detail).with("reservations", json!(sitting))
        }
        Refusal::NoTableFits(guests) => Problem::new(&codes::NO_TABLE_FITS, format!("No table seats a party of {guests}.")),
        Refusal::NoTableFree(alternatives) => {
            let detail = match alternatives.as_slice() {
                [] => "No table that seats the party is free at that time, nor at a listed time within 7 days of it.",
                _ => "No table that seats the party is free at that time; `alternatives` lists the nearest times at which one is.",
            };
            Problem::new(&codes::NO_TABLE_FREE, detail).with("alternatives", json!(alternatives))
        }
        Refusal::TableNumberTaken(number) => {
            let detail = format!("Another table has the number {number}; a table that is not in use has one too.");
            Problem::new(&codes::TABLE_NUMBER_TAKEN, detail)
        }
        Refusal::TableHasBookings(ahead) => {
            let detail = "The table has bookings ahead. Move or cancel them first; `reservations` lists the first 20.";
            Problem::new(&codes::TABLE_HAS_BOOKINGS, detail).with("reservations", json!(ahead))
        }
        Refusal::KeyReused => {
            let detail = "The Idempotency-Key was used for a request with another body; use a new key for a new booking.";
            Problem::new(&codes::IDEMPOTENCY_KEY_REUSED, detail)
        }
        Refusal::Database(error) => error.into(),
    }
}

/// What is wrong with a time at which no booking can begin.
pub fn time_fault(reason: Reason, house: &House) -> Fault {
    match reason {
        Reason::TooFarAhead => {
            let days = house.max_ahead.as_hours() / 24;
            let latest = house.latest(Timestamp::now());
            Fault::new("too_far_ahead", format!("Bookings are taken {days} days ahead at most, until {latest:.0}."))
        }
        _ => Fault::new("in_the_past", "This time is in the past."),
    }
}

fn invalid(unsuitable: Option<Unsuitable>, missing: Missing) -> Problem {
    let error = |name: &str, code, detail: String| FieldError { place: Place::Pointer(format!("#/{name}")), code, detail };
    let required = |name, what: &str| error(name, "required", format!("Required: your account has no {what}."));
    let mut errors = Vec::new();
    errors.extend(missing.email.then(|| required("contact_email", "e-mail address")));
    errors.extend(missing.phone.then(|| required("contact_phone", "phone number")));
    errors.extend(unsuitable.map(|unsuitable| match unsuitable {
        Unsuitable::Unknown => error("table_id", "unknown_table", "There is no such table.".to_owned()),
        Unsuitable::Inactive => error("table_id", "table_inactive", "The table is not in use.".to_owned()),
        Unsuitable::TooSmall { capacity, guests } => {
            error("table_id", "table_too_small", format!("This table seats {capacity}; the party is {guests}."))
        }
    }));
    Problem::validation(errors)
}

fn too_many(limit: Limit, house: &House) -> Problem {
    let detail = match limit {
        Limit::PerHour => format!("You may make {} bookings within an hour.", house.limits.per_hour),
        Limit::Upcoming => format!("You may have {} bookings ahead.", house.limits.upcoming),
    };
    Problem::new(&codes::TOO_MANY_REQUESTS, detail)
}

fn invalid_transition(attempt: Attempt, moment: &Moment, actor: Actor) -> Problem {
    let (state, allowed) = (moment.status.as_str(), moment.allowed(actor));
    let attempted = match attempt {
        Attempt::Act(Action::Confirm) => "confirmed",
        Attempt::Act(Action::Seat) => "seated",
        Attempt::Act(Action::Complete) => "completed",
        Attempt::Act(Action::NoShow) => "marked as a no-show",
        Attempt::Act(Action::Cancel) => "cancelled",
        Attempt::Change => "changed",
        Attempt::Move => "moved to another date, since the party sits at its table",
    };
    let possible: Vec<_> = allowed.iter().map(|action| action.as_str()).collect();
    let possible = if possible.is_empty() { "No action is possible".to_owned() } else { format!("Possible: {}", possible.join(", ")) };
    Problem::new(&codes::INVALID_TRANSITION, format!("This booking is {state} and cannot be {attempted} now. {possible}."))
        .with("reservation_status", state)
        .with("allowed", json!(allowed))
}
