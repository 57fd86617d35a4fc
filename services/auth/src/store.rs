//! The service's statements. Each is text of its own, in a file where it is long, so that a test can prepare every one of them.

pub(crate) mod activity;
pub(crate) mod administrator;
pub(crate) mod attempt;
pub(crate) mod user;

use chassis::run::restored::Repair;

/// What a restored database of accounts needs.
pub(crate) const REPAIRS: &[Repair] = &[Repair { what: "users told again", statement: TELL_AGAIN }];

macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*

        /// Every statement of the service: its name and its text.
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

statements! {
    FIND_USER = include_str!("store/find_user.sql");
    LOCK_USER = include_str!("store/lock_user.sql");
    INSERT_USER = include_str!("store/insert_user.sql");
    TAKE_EMAIL = "SELECT take_email($1, $2, $3)";
    UPDATE_PROFILE = include_str!("store/update_profile.sql");
    LIST_USERS = include_str!("store/list_users.sql");
    LIST_STAFF = include_str!("store/list_staff.sql");
    SEARCH_USERS = include_str!("store/search_users.sql");
    FIND_PASSWORD = "SELECT password_hash, password_change_required FROM \"user\" WHERE id = $1";
    REPLACE_PASSWORD_HASH = "UPDATE \"user\" SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    CHANGE_PASSWORD_HASH = "UPDATE \"user\" SET password_hash = $3, password_change_required = false WHERE id = $1 AND password_hash = $2";

    FIND_ROLE = "SELECT role::text FROM \"user\" WHERE id = $1";
    UPDATE_ROLE = include_str!("store/update_role.sql");
    LOCK_ADMINISTRATION = "SELECT pg_advisory_xact_lock(1633971566)";
    LIST_ADMINISTRATORS = "SELECT id FROM \"user\" WHERE role = 'admin' ORDER BY id";
    FIND_ID_BY_EMAIL = "SELECT id FROM \"user\" WHERE email_folded = $1";
    FIND_DECLARATION = "SELECT email_folded, password_hash FROM administrator_declaration";
    RECORD_DECLARATION = include_str!("store/record_declaration.sql");
    SEED_ADMINISTRATOR = include_str!("store/seed_administrator.sql");
    SET_PASSWORD_HASH = "UPDATE \"user\" SET password_hash = $2, password_change_required = $3 WHERE id = $1 RETURNING email_folded";

    FIND_LOGIN = include_str!("store/find_login.sql");
    CLOSED_FOR = include_str!("store/closed_for.sql");
    RECORD_FAILURE = include_str!("store/record_failure.sql");
    FORGET_OLD_FAILURES = include_str!("store/forget_old_failures.sql");
    FORGIVE_FAILURES = include_str!("store/forgive_failures.sql");
    FORGET_FAILURES = "DELETE FROM login_failure WHERE subject = ANY($1)";

    RECORD_RESERVATION = include_str!("store/record_reservation.sql");
    FIND_ACTIVITY = include_str!("store/find_activity.sql");

    TELL_AGAIN = include_str!("store/tell_again.sql");
}
