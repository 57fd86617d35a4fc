//! The statements, each under its name, so that a test can prepare every one of them against the migrated schema.

macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(pub const $name: &str = $sql;)*

        /// Every statement of the service: its name, and its text.
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

#[allow(missing_docs, reason = "each statement begins with a comment, or its function tells what it does")]
mod list {
    statements! {
        BOOK = include_str!("sql/book.sql");
        ACT = include_str!("sql/act.sql");
        CHANGE = include_str!("sql/change.sql");
        GET = "SELECT * FROM reservation WHERE id = $1";
        LOCK = "SELECT id FROM reservation WHERE id = $1 AND version = $2 FOR UPDATE";
        LIMIT_REACHED = "SELECT booking_limit($1, $2, $3)";
        UNTIL_HOUR = include_str!("sql/until_hour.sql");
        UNTIL_UPCOMING = include_str!("sql/until_upcoming.sql");

        OPENINGS = include_str!("sql/openings.sql");
        HOLD = include_str!("sql/hold.sql");
        RELEASE = "DELETE FROM reservation_table WHERE reservation_id = $1";
        HELD_SINCE = "SELECT min(start_at) FROM reservation_table WHERE reservation_id = $1";
        SITTING = include_str!("sql/sitting.sql");

        TABLE = r#"SELECT * FROM "table" WHERE id = $1"#;
        LOCK_TABLE = r#"SELECT * FROM "table" WHERE id = $1 FOR UPDATE"#;
        TABLES = r#"SELECT * FROM "table" WHERE (is_active OR $1) AND table_number > $2 ORDER BY table_number LIMIT $3"#;
        TABLES_OF = r#"SELECT * FROM "table" WHERE id = ANY($1)"#;
        ADD_TABLE = r#"INSERT INTO "table" (table_number, capacity, description, is_active) VALUES ($1, $2, $3, $4) RETURNING *"#;
        REPLACE_TABLE = r#"UPDATE "table" SET table_number = $2, capacity = $3, description = $4, is_active = $5, version = version + 1
            WHERE id = $1 RETURNING *"#;
        REMOVE_TABLE = include_str!("sql/remove_table.sql");
        DEACTIVATE_TABLE = r#"UPDATE "table" SET is_active = false, version = version + 1 WHERE id = $1 AND is_active"#;
        AHEAD = include_str!("sql/ahead.sql");

        MY_UPCOMING = include_str!("sql/my_upcoming.sql");
        MY_PAST = include_str!("sql/my_past.sql");
        MY_ALL = include_str!("sql/my_all.sql");
        HOUSE = include_str!("sql/house.sql");
        HOUSE_OF_USER = include_str!("sql/house_of_user.sql");
        HOUSE_OF_TABLE = include_str!("sql/house_of_table.sql");

        GUEST = "SELECT full_name, email, phone FROM guest WHERE user_id = $1";
        LEARN_GUEST = include_str!("sql/learn_guest.sql");

        CLAIM_KEY = include_str!("sql/claim_key.sql");
        KEPT_ANSWER = "SELECT status, headers, body FROM idempotency_key WHERE user_id = $1 AND key = $2 AND fingerprint = $3
            AND status IS NOT NULL AND created_at >= now() - interval '24 hours'";
        KEEP_ANSWER = "UPDATE idempotency_key SET status = $3, headers = $4, body = $5 WHERE user_id = $1 AND key = $2";
        FORGET_ANSWERS = "DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'";
    }
}

pub use list::*;
