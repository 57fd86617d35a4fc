//! What the service tells others of its users.

use contract::UserEvent;

use crate::store::user::User;

/// The event of a new account.
pub(crate) fn registered(user: &User) -> UserEvent {
    UserEvent::Registered(told(user))
}

/// The event of a changed account.
pub(crate) fn updated(user: &User) -> UserEvent {
    UserEvent::Updated(told(user))
}

fn told(user: &User) -> contract::User {
    contract::User {
        id: user.id,
        email: user.email.clone(),
        full_name: user.full_name.clone(),
        phone: user.phone.clone(),
        role: user.role,
        version: user.version,
    }
}
