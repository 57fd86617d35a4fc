//! An example for each answer, made of the types that are answered with.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::{OpenApi, RefOr};

use crate::availability::{Slot, State};
use crate::booking::{Guests, Minutes, Reservation, ReservationId};
use crate::calendar::Reason;
use crate::status::Status;
use crate::store::guest::Guest;
use crate::store::list::HostReservation;
use crate::table::{Table, TableId};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn reservation() -> Reservation {
    Reservation {
        id: ReservationId::new(42).expect("an id"),
        reservation_code: "7QK2M9XA".to_owned(),
        user_id: chassis::http::identity::UserId::new(5).expect("an id"),
        table_id: TableId::new(1).expect("an id"),
        table_named: true,
        guests_count: Guests::new(4).expect("a party"),
        reservation_time: at("2030-05-17T17:00:00Z"),
        duration_minutes: Minutes::DEFAULT,
        status: Status::Pending,
        contact_phone: "+44 20 7946 0958".to_owned(),
        contact_email: "guest@example.com".to_owned(),
        special_requests: Some("A high chair, please".to_owned()),
        created_at: at("2030-05-01T10:00:00.123456Z"),
        updated_at: at("2030-05-01T10:00:00.123456Z"),
        version: 1,
    }
}

fn table() -> Table {
    Table {
        id: TableId::new(1).expect("an id"),
        table_number: 7,
        capacity: 4,
        description: Some("By the window".to_owned()),
        is_active: true,
        created_at: at("2030-01-01T10:00:00.123456Z"),
        version: 1,
    }
}

fn guest() -> Guest {
    Guest { full_name: Some("Ada Lovelace".to_owned()), email: "guest@example.com".to_owned(), phone: Some("+44 20 7946 0958".to_owned()) }
}

fn slots() -> [Slot; 2] {
    [("2030-05-17T17:00:00Z", None), ("2030-05-17T17:30:00Z", Some(Reason::NoTableFree))].map(|(time, reason)| Slot {
        time: at(time),
        state: if reason.is_some() { State::Unavailable } else { State::Available },
        reason,
    })
}

/// The example of a schema, and of a list of it.
fn of(schema: &str) -> Option<(Value, Value)> {
    let both = |thing: &dyn erased::ToJson| (thing.to_json(), json!([thing.to_json()]));
    match schema {
        "Reservation" => Some(both(&reservation())),
        "Table" => Some(both(&table())),
        "HostReservation" => Some(both(&HostReservation { reservation: reservation(), guest: Some(guest()) })),
        "Slot" => Some((json!(slots()[0]), json!(slots()))),
        _ => None,
    }
}

mod erased {
    use super::*;

    /// What can be written as JSON.
    pub(super) trait ToJson {
        fn to_json(&self) -> Value;
    }

    impl<T: Serialize> ToJson for T {
        fn to_json(&self) -> Value {
            serde_json::to_value(self).expect("an example has string keys and no failing members")
        }
    }
}

fn name(schema: &RefOr<Schema>) -> Option<&str> {
    match schema {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next(),
        RefOr::T(_) => None,
    }
}

/// Gives each answer of an operation its example.
pub fn add(api: &mut OpenApi) {
    for item in api.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(describe);
    }
}

fn describe(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let Some(RefOr::T(content)) = response.content.get_mut("application/json") else { continue };
        let example = match &content.schema {
            Some(RefOr::T(Schema::Array(array))) => match &array.items {
                ArrayItems::RefOrSchema(items) => name(items).and_then(of).map(|(_, list)| list),
                ArrayItems::False => None,
            },
            Some(schema) => name(schema).and_then(of).map(|(one, _)| one),
            None => None,
        };
        content.example = example;
    }
}
