//! The statements, each under its name. Long ones are files.
#![allow(missing_docs, reason = "a statement begins with a comment, or its function says what it does")]

pub const BOOK: &str = include_str!("sql/book.sql");
pub const ACT: &str = include_str!("sql/act.sql");
pub const CHANGE: &str = include_str!("sql/change.sql");
pub const GET: &str = "SELECT * FROM reservation WHERE id = $1";
pub const LOCK: &str = "SELECT id FROM reservation WHERE id = $1 AND version = $2 FOR UPDATE";
pub const LIMIT_REACHED: &str = "SELECT booking_limit($1, $2, $3)";
pub const UNTIL_HOUR: &str = include_str!("sql/until_hour.sql");
pub const UNTIL_UPCOMING: &str = include_str!("sql/until_upcoming.sql");

pub const OPENINGS: &str = include_str!("sql/openings.sql");
pub const HOLD: &str = include_str!("sql/hold.sql");
pub const RELEASE: &str = "DELETE FROM reservation_table WHERE reservation_id = $1";
pub const HELD_SINCE: &str = "SELECT min(start_at) FROM reservation_table WHERE reservation_id = $1";
pub const SITTING: &str = include_str!("sql/sitting.sql");

pub const TABLE: &str = r#"SELECT * FROM "table" WHERE id = $1"#;
pub const LOCK_TABLE: &str = r#"SELECT * FROM "table" WHERE id = $1 FOR UPDATE"#;
pub const TABLES: &str = r#"SELECT * FROM "table" WHERE (is_active OR $1) AND table_number > $2 ORDER BY table_number LIMIT $3"#;
pub const TABLES_OF: &str = r#"SELECT * FROM "table" WHERE id = ANY($1)"#;
pub const ADD_TABLE: &str = r#"INSERT INTO "table" (table_number, capacity, description, is_active) VALUES ($1, $2, $3, $4) RETURNING *"#;
pub const LOCK_NUMBERS: &str = "SELECT pg_advisory_xact_lock(1952541028)";
pub const REPLACE_TABLE: &str = r#"UPDATE "table" SET table_number = $2, capacity = $3, description = $4, is_active = $5, version = version + 1
            WHERE id = $1 RETURNING *"#;
pub const REMOVE_TABLE: &str = include_str!("sql/remove_table.sql");
pub const DEACTIVATE_TABLE: &str = r#"UPDATE "table" SET is_active = false, version = version + 1 WHERE id = $1 AND is_active"#;
pub const AHEAD: &str = include_str!("sql/ahead.sql");

pub const MY_UPCOMING: &str = include_str!("sql/my_upcoming.sql");
pub const MY_PAST: &str = include_str!("sql/my_past.sql");
pub const MY_ALL: &str = include_str!("sql/my_all.sql");
pub const HOUSE: &str = include_str!("sql/house.sql");
pub const HOUSE_OF_USER: &str = include_str!("sql/house_of_user.sql");
pub const HOUSE_OF_TABLE: &str = include_str!("sql/house_of_table.sql");

pub const GUEST: &str = "SELECT full_name, email, phone FROM guest WHERE user_id = $1";
pub const LEARN_GUEST: &str = include_str!("sql/learn_guest.sql");

pub const CLAIM_KEY: &str = include_str!("sql/claim_key.sql");
pub const KEPT_ANSWER: &str = "SELECT status, headers, body FROM idempotency_key WHERE user_id = $1 AND key = $2 AND fingerprint = $3
            AND status IS NOT NULL AND created_at >= now() - interval '24 hours'";
pub const KEEP_ANSWER: &str = "UPDATE idempotency_key SET status = $3, headers = $4, body = $5 WHERE user_id = $1 AND key = $2";
pub const FORGET_ANSWERS: &str = "DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'";
