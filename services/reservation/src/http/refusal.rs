//! How the house's refusals are told: the one place where a [`Refusal`] becomes a problem.

use chassis::http::code;
use chassis::http::problem::{FieldError, Place, Problem};
use chassis::http::value::Fault;
use house::reason::Reason;
use jiff::Timestamp;
use serde_json::json;

use crate::block::Unblockable;
use crate::booking::{Guests, Minutes};
use crate::codes;
use crate::config::Restaurant;
use crate::group::Unjoinable;
use crate::memory::Known;
use crate::refusal::{Attempt, Faults, Limit, Refusal, Thing};
use crate::status::{Action, Actor, Moment};
use crate::table::Unsuitable;

/// The problem that a refusal is to the caller.
pub fn problem(refusal: Refusal, restaurant: &Restaurant) -> Problem {
    match refusal {
        Refusal::NotFound(Thing::Reservation) => Problem::not_found("booking"),
        Refusal::NotFound(Thing::Table) => Problem::not_found("table"),
        Refusal::NotFound(Thing::Exception) => Problem::not_found("exception"),
        Refusal::NotFound(Thing::Area) => Problem::not_found("area"),
        Refusal::NotFound(Thing::Group) => Problem::not_found("group of tables"),
        Refusal::NotFound(Thing::Block) => Problem::not_found("block"),
        Refusal::TableInGroup(groups) => {
            let groups: Vec<_> = groups.into_iter().map(|group| json!({"id": group.id, "name": group.name})).collect();
            let detail = "The table is part of a group of tables. Change or remove the group first; `groups` lists those.";
            Problem::new(&codes::TABLE_IN_GROUP, detail).with("groups", json!(groups))
        }
        Refusal::NoGroup(why) => unjoinable(why),
        Refusal::NoBlock(member, why) => unblockable(member, why),
        Refusal::TableBlocked(blocks) => {
            let detail = "A table is blocked at that time already. Remove that block first; `blocks` lists the ids.";
            Problem::new(&codes::TABLE_BLOCKED, detail).with("blocks", json!(blocks))
        }
        Refusal::AreaNameTaken => Problem::new(&codes::AREA_NAME_TAKEN, "Another area has this name. Choose another one."),
        Refusal::AreaInUse => {
            let detail = "Tables stand in the area; a table that is not in use does so, too. Move or remove them first.";
            Problem::new(&codes::AREA_IN_USE, detail)
        }
        Refusal::UnknownArea => Problem::member("area_id", "unknown_area", "There is no such area."),
        Refusal::OtherContent => Problem::new(
            &code::PRECONDITION_FAILED,
            "It has been changed since you read it, and the request's conditions exclude that. Read it again, then repeat the request.",
        ),
        Refusal::ManagedByResource(section) => {
            let detail = format!(
                "`{section}` of the house is declared in the resource of the restaurant, or in its file: change it there. Left out there, it \
                 belongs to the staff again."
            );
            Problem::new(&codes::MANAGED_BY_RESOURCE, detail).with("section", json!(section.as_str()))
        }
        Refusal::ExceptionExists(id) => {
            let detail = format!("The exception {id} has one of these dates. Change that one, or choose other dates.");
            Problem::new(&codes::EXCEPTION_EXISTS, detail).with("id", json!(id))
        }
        Refusal::OtherVersion(version) => Problem::new(
            &code::PRECONDITION_FAILED,
            format!(
                "The current version is \"{version}\", and the request's conditions exclude it. Read it again, then repeat the request."
            ),
        ),
        Refusal::InvalidTransition(attempt, moment, actor) => invalid_transition(attempt, &moment, actor),
        Refusal::Time(reason) => {
            let Fault { code, detail } = time_fault(reason, restaurant);
            Problem::member("reservation_time", code, detail)
        }
        Refusal::TooLateToChange(minutes) => {
            let detail = format!("Guests change a booking no later than {} before it begins. Call the restaurant.", spoken(minutes));
            Problem::new(&codes::TOO_LATE_TO_CHANGE, detail)
        }
        Refusal::NotBookable(reason, alternatives) => {
            Problem::new(&codes::NOT_BOOKABLE, not_bookable(reason)).with("reason", json!(reason)).with("alternatives", json!(alternatives))
        }
        Refusal::Invalid(faults) => invalid(faults),
        Refusal::Overloaded => {
            Problem::new(&code::OVERLOADED, "The restaurant's rules are being changed. Try again in a second.").retry_after(1)
        }
        Refusal::AccountRequired => {
            let detail = "The restaurant takes bookings with an account alone. Log in, and book with `POST /reservations/`.";
            Problem::new(&codes::ACCOUNT_REQUIRED, detail)
        }
        Refusal::LinkEnded => Problem::new(&code::UNAUTHENTICATED, "The link is good no more: the booking has another e-mail address."),
        Refusal::TooMany(limit, seconds) => too_many(limit, restaurant).retry_after(seconds),
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
        Refusal::NoTableFits(guests) => {
            Problem::new(&codes::NO_TABLE_FITS, format!("The restaurant gives no table to a party of {guests} at that time."))
        }
        Refusal::NoTableFree(alternatives) => {
            let detail = match alternatives.as_slice() {
                [] => "No table that seats the party is free at that time, nor at a listed time within 7 days of it.",
                _ => "No table that seats the party is free at that time; `alternatives` lists the nearest times at which one is.",
            };
            Problem::new(&codes::NO_TABLE_FREE, detail).with("alternatives", json!(alternatives))
        }
        Refusal::NoTableNow => {
            let detail = "No table that seats the party is free now, not even for half an hour.";
            Problem::new(&codes::NO_TABLE_FREE, detail).with("alternatives", json!([]))
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
pub fn time_fault(reason: Reason, restaurant: &Restaurant) -> Fault {
    match reason {
        Reason::TooFarAhead => {
            let days = restaurant.max_ahead.as_hours() / 24;
            let latest = restaurant.latest(Timestamp::now());
            Fault::new("too_far_ahead", format!("Bookings are taken {days} days ahead at most, until {latest:.0}."))
        }
        _ => Fault::new("in_the_past", "This time is in the past."),
    }
}

/// What is wrong with a time in the past, or too far ahead.
pub fn start_fault(start: Timestamp, now: Timestamp, restaurant: &Restaurant) -> Option<Fault> {
    let too_far = Some(Reason::TooFarAhead).filter(|_| start > restaurant.latest(now));
    Some(Reason::Past).filter(|_| start < now).or(too_far).map(|reason| time_fault(reason, restaurant))
}

/// What is wrong with a stay that a party asks for, by what is known of the house.
pub fn stay_fault((guests, minutes): (Option<Guests>, Option<Minutes>), known: Option<&Known>) -> Option<Fault> {
    let (rules, guests, minutes) = (&known?.house.rules, guests?.get(), minutes?.get());
    (!rules.may_stay(guests, minutes)).then(|| too_long(rules.turn_time(guests)))
}

fn too_long(turn_time: i32) -> Fault {
    Fault::new("too_long", format!("A party of this size stays {turn_time} minutes at most."))
}

/// A length of time, in the largest unit in which it is whole.
fn spoken(minutes: i32) -> String {
    let (count, unit) = match minutes {
        minutes if minutes % 1440 == 0 => (minutes / 1440, "day"),
        minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

fn not_bookable(reason: Reason) -> &'static str {
    match reason {
        Reason::TooSoon => "The restaurant takes no bookings at such short notice.",
        Reason::Closed => "The restaurant is closed at that time, or seats nobody any more.",
        Reason::OffStep => "Bookings begin at the times that availability lists; this time is between two of them.",
        Reason::Paused => "The restaurant takes no bookings for the moment.",
        Reason::WalkInOnly => "The restaurant takes no bookings for that service; come by, or call.",
        Reason::PartyTooSmall => "The party is smaller than those that the restaurant takes at that time.",
        Reason::PartyTooLarge => "The party is larger than those that the restaurant takes at that time.",
        Reason::PacingFull => "The restaurant takes no more guests within that quarter of an hour.",
        Reason::Past | Reason::TooFarAhead | Reason::NoTableFits | Reason::NoTableFree => "The restaurant takes no booking at that time.",
    }
}

fn invalid(faults: Faults) -> Problem {
    let error = |name: &str, code, detail: String| FieldError { place: Place::Pointer(format!("#/{name}")), code, detail };
    let required = |name, detail: &str| error(name, "required", detail.to_owned());
    let mut errors = Vec::new();
    errors.extend(faults.too_long.map(too_long).map(|Fault { code, detail }| error("duration_minutes", code, detail)));
    errors.extend(faults.email_missing.then(|| required("contact_email", "Required: your account has no e-mail address.")));
    errors.extend(
        faults.phone_missing.then(|| required("contact_phone", "Required: the restaurant asks for a phone number, and knows none of you.")),
    );
    errors.extend(faults.table.map(|(member, unsuitable)| match unsuitable {
        Unsuitable::Unknown => error(member, "unknown_table", "There is no such table.".to_owned()),
        Unsuitable::Inactive => error(member, "table_inactive", "The table is not in use.".to_owned()),
        Unsuitable::TooSmall { capacity, guests } if member == "table_ids" => {
            error(member, "table_too_small", format!("These tables seat {capacity}; the party is {guests}."))
        }
        Unsuitable::TooSmall { capacity, guests } => {
            error(member, "table_too_small", format!("This table seats {capacity}; the party is {guests}."))
        }
        Unsuitable::NotOffered => {
            let detail = "The restaurant does not give this table to this party. Name another, or none: then the house chooses.";
            error(member, "table_not_offered", detail.to_owned())
        }
    }));
    Problem::validation(errors)
}

fn unjoinable(why: Unjoinable) -> Problem {
    match why {
        Unjoinable::Unknown => Problem::member("table_ids", "unknown_table", "There is no such table."),
        Unjoinable::Inactive => Problem::member("table_ids", "table_inactive", "A table of a group must be in use."),
        Unjoinable::Areas => Problem::member("table_ids", "different_areas", "The tables of a group must stand in one area."),
        Unjoinable::Small(largest) => {
            let detail = format!("This must be above {largest}, which the largest of the tables seats alone.");
            Problem::member("capacity", "out_of_range", detail)
        }
    }
}

fn unblockable(member: &'static str, why: Unblockable) -> Problem {
    match why {
        Unblockable::Unknown => Problem::member(member, "unknown_table", "There is no such table."),
        Unblockable::UnknownArea => Problem::member(member, "unknown_area", "There is no such area."),
        Unblockable::Empty => Problem::member(member, "no_tables", "No table stands in the area."),
    }
}

fn too_many(limit: Limit, restaurant: &Restaurant) -> Problem {
    let detail = match limit {
        Limit::PerHour => format!("You may make {} bookings within an hour.", restaurant.limits.per_hour),
        Limit::Upcoming => format!("You may have {} bookings ahead.", restaurant.limits.upcoming),
        Limit::Network => {
            format!("From one network {} bookings may be made within an hour without an account.", restaurant.guests_per_hour)
        }
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
        Attempt::Act(Action::Reopen) => "reopened",
        Attempt::Change => "changed",
        Attempt::Move => "moved to another date, since the party sits at its table",
    };
    let possible: Vec<_> = allowed.iter().map(|action| action.as_str()).collect();
    let possible = if possible.is_empty() { "No action is possible".to_owned() } else { format!("Possible: {}", possible.join(", ")) };
    Problem::new(&codes::INVALID_TRANSITION, format!("This booking is {state} and cannot be {attempted} now. {possible}."))
        .with("reservation_status", state)
        .with("allowed", json!(allowed))
}
