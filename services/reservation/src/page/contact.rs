//! The contact that a guest types: kept as it was typed, and judged field by field.

use chassis::http::input::{Input, Source};
use chassis::http::text::{Email, Name, Phone};
use chassis::http::value::{Fault, Raw, Value};
use site::form::{Faults, typed};
use site::texts::Catalog;

use crate::booking::{Requests, Reservation};

/// A contact, as it was typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) wishes: String,
    pub(crate) faults: Faults,
}

/// A contact that can be used.
pub(crate) struct Checked {
    pub(crate) name: Name,
    pub(crate) email: Email,
    pub(crate) phone: Option<Phone>,
    pub(crate) wishes: Option<Requests>,
}

impl Contact {
    /// From a form.
    pub(crate) fn of(input: &Input) -> Self {
        let [name, email, phone, wishes] = ["name", "email", "phone", "wishes"].map(|name| typed(input, Source::Body, name));
        Self { name, email, phone, wishes, faults: Faults::default() }
    }

    /// The contact of a booking.
    pub(crate) fn from(booking: &Reservation) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            name: text(&booking.contact_name),
            email: text(&booking.contact_email),
            phone: text(&booking.contact_phone),
            wishes: text(&booking.special_requests),
            faults: Faults::default(),
        }
    }

    /// What is wrong with a field.
    pub(crate) fn fault(&self, field: &str) -> Option<&str> {
        self.faults.fault(field)
    }

    /// Notes what is wrong with a field.
    pub(crate) fn refuse(&mut self, texts: &Catalog, field: &'static str, key: &str) {
        self.faults.note(field, texts.say(key));
    }

    /// The contact, where it can be used. Otherwise what is wrong is noted.
    pub(crate) fn check(&mut self, texts: &Catalog, phone_required: bool) -> Option<Checked> {
        let name = judge(&self.name, "name-missing", "name-wrong");
        let email = judge(&self.email, "email-missing", "email-wrong");
        let phone = judge(&self.phone, "phone-missing", "phone-wrong");
        let wishes = judge(&self.wishes, "", "wishes-wrong");
        let phone = if phone_required { phone.map(Some) } else { optional(phone, "phone-missing") };
        let wishes = optional(wishes, "");
        let faults = [
            ("name", name.as_ref().err()),
            ("email", email.as_ref().err()),
            ("phone", phone.as_ref().err()),
            ("wishes", wishes.as_ref().err()),
        ];
        for (field, key) in faults {
            if let Some(key) = key {
                self.refuse(texts, field, key);
            }
        }
        Some(Checked { name: name.ok()?, email: email.ok()?, phone: phone.ok()?, wishes: wishes.ok()? })
    }
}

/// The value; as an error the text that says what is wrong.
fn judge<T: Value>(typed: &str, missing: &'static str, wrong: &'static str) -> Result<T, &'static str> {
    let raw = Raw::Text(typed);
    if raw.is_blank() { Err(missing) } else { T::read(raw).map_err(|Fault { .. }| wrong) }
}

/// A value that may be left out.
fn optional<T>(judged: Result<T, &'static str>, missing: &str) -> Result<Option<T>, &'static str> {
    match judged {
        Err(key) if key == missing => Ok(None),
        judged => judged.map(Some),
    }
}
