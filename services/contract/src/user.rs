//! What happens to accounts. A changed password is no event.

use chassis::http::identity::Role;
use serde::{Deserialize, Serialize};

use crate::UserId;
use crate::topic::topic;

topic! {
    /// What happens to accounts; the key is the user's id.
    pub enum UserEvent in "user.events" {
        /// An account was made, the first administrator's among them.
        Registered(User) = "user.registered",
        /// The e-mail address, name, phone or role of an account has changed.
        Updated(User) = "user.updated",
    }
}

/// A user, as the account is after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The e-mail address, as it was written.
    pub email: String,
    /// The name, where it was given.
    pub full_name: Option<String>,
    /// The phone number, where it was given.
    pub phone: Option<String>,
    /// What the user may do; a role that this version does not know is [`Role::User`].
    pub role: Role,
    /// Grows by one with every change, from 1.
    pub version: i32,
}

impl UserEvent {
    /// The user, as the account is after the change.
    pub fn into_user(self) -> User {
        match self {
            Self::Registered(user) | Self::Updated(user) => user,
        }
    }
}

#[cfg(test)]
mod tests {
    use chassis::events::event::TopicEvent as _;
    use serde_json::json;

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
        };
        let event = UserEvent::Updated(user);
        assert_eq!((UserEvent::TOPIC, event.key().as_str(), event.kind()), ("user.events", "42", "user.updated"));
        let expected =
            json!({"id": 42, "email": "guest@example.com", "full_name": null, "phone": "+44 20 7946 0958", "role": "user", "version": 3});
        assert_eq!(event.data(), expected);
        assert_eq!(UserEvent::read("user.updated", &expected).expect("readable"), Some(event));
    }

    #[test]
    fn what_a_later_version_adds_is_understood() {
        let later = json!({"id": 42, "email": "guest@example.com", "full_name": null, "phone": null, "role": "sommelier", "version": 3,
            "language": "de"});
        let user = UserEvent::read("user.registered", &later).expect("readable").expect("of a known type").into_user();
        assert_eq!(user.role, Role::User);
        assert_eq!(UserEvent::read("user.praised", &json!(5)).expect("skipped"), None);
        assert!(UserEvent::read("user.updated", &json!({"id": 42})).is_err());
    }
}
