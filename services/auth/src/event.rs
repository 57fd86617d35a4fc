//! What the service tells others, on the topic `user.events` with the user's id as the key.
//!
//! Both types carry the user as they are now:
//!
//! ```json
//! {
//!   "id": 42,
//!   "email": "guest@example.com",
//!   "full_name": "Ada Lovelace",
//!   "phone": "+44 20 7946 0958",
//!   "role": "user",
//!   "version": 1
//! }
//! ```
//!
//! `full_name` and `phone` may be `null`; `role` is `user` or `admin`; `version` grows by one with every change, so that of two events
//! of a user the one with the greater version is the newer. A change of the password is no event.

use chassis::events::event::{Event, USER_TOPIC};
use serde_json::json;

use crate::store::user::User;

/// The type of the event of a new account.
pub const REGISTERED: &str = "user.registered";
/// The type of the event of a changed e-mail address, name, phone or role.
pub const UPDATED: &str = "user.updated";

/// The event of a new account.
pub(crate) fn registered(user: &User) -> Event {
    of(REGISTERED, user)
}

/// The event of a changed account.
pub(crate) fn updated(user: &User) -> Event {
    of(UPDATED, user)
}

fn of(kind: &'static str, user: &User) -> Event {
    let data = json!({
        "id": user.id,
        "email": user.email,
        "full_name": user.full_name,
        "phone": user.phone,
        "role": user.role,
        "version": user.version,
    });
    Event { topic: USER_TOPIC, key: user.id.get(), kind, data }
}

#[cfg(test)]
mod tests {
    use chassis::http::identity::{Role, UserId};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn an_event_tells_who_the_user_is_and_no_more() {
        let user = User {
            id: UserId::new(42).expect("an id"),
            email: "guest@example.com".into(),
            full_name: None,
            phone: Some("+44 20 7946 0958".into()),
            role: Role::User,
            version: 3,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let event = updated(&user);
        assert_eq!((event.topic, event.key, event.kind), ("user.events", 42, "user.updated"));
        let expected =
            json!({"id": 42, "email": "guest@example.com", "full_name": null, "phone": "+44 20 7946 0958", "role": "user", "version": 3});
        assert_eq!(event.data, expected);
    }
}
