//! The statements, each under its name. Long ones are files.
#![allow(missing_docs, reason = "a statement begins with a comment, or its function says what it does")]

pub const BOOK: &str = include_str!("sql/book.sql");
pub const ACT: &str = include_str!("sql/act.sql");
pub const CHANGE: &str = include_str!("sql/change.sql");
pub const GET: &str = "SELECT r.*, c.full_name AS changed_by_name
            FROM reservation r LEFT JOIN guest c ON c.user_id = r.changed_by_user WHERE r.id = $1";
pub const LOCK: &str = "SELECT id FROM reservation WHERE id = $1 AND version = $2 FOR UPDATE";
pub const LIMIT_REACHED: &str = "SELECT booking_limit($1, $2, $3)";
pub const UNTIL_HOUR: &str = include_str!("sql/until_hour.sql");
pub const UNTIL_UPCOMING: &str = include_str!("sql/until_upcoming.sql");
pub const LINK_VERSION_FOR: &str = "SELECT link_version FROM reservation WHERE id = $1 AND contact_email = $2";
pub const NETWORK_IS_BEYOND: &str = "SELECT CASE WHEN $2 <= (
                SELECT count(*) FROM network_use WHERE network = $1 AND use = 'booking' AND made_at > now() - interval '1 hour') THEN 'network' END";
pub const UNTIL_NETWORK: &str = include_str!("sql/until_network.sql");
pub const FORGET_NETWORKS: &str = "DELETE FROM network_use WHERE made_at < now() - interval '1 hour'";
pub const LINK_VERSION: &str = "SELECT link_version FROM reservation WHERE id = $1
            AND reservation_time + make_interval(mins => duration_minutes) > now() - interval '30 days'";

pub const HOUSE_VERSION: &str = "SELECT version FROM house";
pub const READ_HOUSE: &str = include_str!("sql/read_house.sql");
pub const LOCK_HOUSE: &str = "LOCK TABLE house IN EXCLUSIVE MODE";
pub const SHARE_HOUSE: &str = "SELECT FROM house FOR SHARE";
pub const HOUSE_AGREES: &str = "SELECT FROM house WHERE version = $1 FOR SHARE";
pub const SET_RULES: &str = "UPDATE house SET rules = $1, version = version + 1";
pub const SET_SCHEDULE: &str = "UPDATE house SET schedule = $1, version = version + 1";
pub const DECLARED: &str = "SELECT declared FROM house";
pub const SET_DECLARED: &str = "UPDATE house SET declared = $1, version = version + 1";
pub const SET_PAUSE: &str = "UPDATE house SET pause_until = $1, version = version + 1";

pub const EXCEPTION: &str = "SELECT * FROM exception WHERE id = $1";
pub const EXCEPTIONS: &str = "SELECT * FROM exception
            WHERE until_date >= coalesce($1::date, '-infinity') AND from_date <= coalesce($2::date, 'infinity') AND from_date > coalesce($3::date, '-infinity')
            ORDER BY from_date LIMIT $4";
pub const EXCEPTION_OF_DATES: &str = "SELECT id FROM exception
            WHERE daterange(from_date, until_date, '[]') && daterange($1, $2, '[]') AND id IS DISTINCT FROM $3 ORDER BY from_date LIMIT 1";
pub const ADD_EXCEPTION: &str = "INSERT INTO exception (from_date, until_date, services, note) VALUES ($1, $2, $3, $4) RETURNING *";
pub const REPLACE_EXCEPTION: &str = "UPDATE exception SET from_date = $2, until_date = $3, services = $4, note = $5, version = version + 1
            WHERE id = $1 RETURNING *";
pub const REMOVE_EXCEPTION: &str = "DELETE FROM exception WHERE id = $1";

pub const BOOKINGS_AHEAD: &str = r#"SELECT id, reservation_code, reservation_time,
                EXISTS (SELECT FROM "table" t WHERE t.id = ANY(table_ids) AND NOT t.is_active) AS out_of_use
            FROM reservation
            WHERE status IN ('pending', 'confirmed') AND reservation_time > greatest(now(), $1::timestamptz)
              AND reservation_time < coalesce($2, 'infinity'::timestamptz) AND NOT overridden
            ORDER BY reservation_time, id"#;

pub const SEARCH: &str = include_str!("sql/search.sql");
pub const BOOKINGS_OF_IDS: &str = "SELECT r.*, g.user_id AS guest_id, g.full_name, g.email, g.phone, c.full_name AS changed_by_name
            FROM reservation r LEFT JOIN guest g ON g.user_id = r.user_id LEFT JOIN guest c ON c.user_id = r.changed_by_user
            WHERE r.id = ANY($1) AND (r.reservation_time, r.id) > (coalesce($2, '-infinity'::timestamptz), coalesce($3, 0))
            ORDER BY r.reservation_time, r.id LIMIT $4";

pub const PACING: &str =
    "SELECT bucket, covers, parties FROM pacing WHERE bucket > $1::timestamptz - interval '15 minutes' AND bucket <= $2";
pub const ADD_PACING: &str = include_str!("sql/add_pacing.sql");
pub const LOWER_PACING: &str = "UPDATE pacing SET covers = covers + $2, parties = parties + $3 WHERE bucket = $1";
pub const FORGET_PACING: &str = "DELETE FROM pacing";
pub const COUNT_PACING: &str = "INSERT INTO pacing
            SELECT quarter(reservation_time), sum(guests_count), count(*) FROM reservation
            WHERE status IN ('pending', 'confirmed', 'seated', 'completed') AND source <> 'walk_in'
              AND reservation_time > now() - interval '1 day' GROUP BY 1";

pub const HOLDS: &str = include_str!("sql/holds.sql");
pub const OWN: &str = "SELECT table_id, start_at, end_at, seated FROM reservation_table WHERE reservation_id = $1";
pub const HOLD: &str = include_str!("sql/hold.sql");
pub const RELEASE: &str = "DELETE FROM reservation_table WHERE reservation_id = $1";
pub const SITTING: &str = include_str!("sql/sitting.sql");

pub const AREA: &str = "SELECT * FROM area WHERE id = $1";
pub const AREAS: &str = "SELECT * FROM area WHERE (position, id) > ($1, $2) ORDER BY position, id LIMIT $3";
pub const ADD_AREA: &str = "INSERT INTO area (name, online, position) VALUES ($1, $2, $3) RETURNING *";
pub const REPLACE_AREA: &str = "UPDATE area SET name = $2, online = $3, position = $4, version = version + 1 WHERE id = $1 RETURNING *";
pub const REMOVE_AREA: &str = r#"DELETE FROM area WHERE id = $1 AND NOT EXISTS (SELECT FROM "table" WHERE area_id = $1)"#;

pub const GROUP: &str = "SELECT * FROM table_group WHERE id = $1";
pub const GROUPS: &str = "SELECT * FROM table_group WHERE id > $1 ORDER BY id LIMIT $2";
pub const GROUPS_OF_TABLE: &str = "SELECT * FROM table_group WHERE $1 = ANY(table_ids) ORDER BY id";
pub const ADD_GROUP: &str = "INSERT INTO table_group (name, table_ids, capacity, min_party) VALUES ($1, $2, $3, $4) RETURNING *";
pub const REPLACE_GROUP: &str = "UPDATE table_group SET name = $2, table_ids = $3, capacity = $4, min_party = $5, version = version + 1
            WHERE id = $1 RETURNING *";
pub const REMOVE_GROUP: &str = "DELETE FROM table_group WHERE id = $1";

pub const BLOCK: &str = "SELECT * FROM block WHERE id = $1";
pub const BLOCKS: &str = "SELECT * FROM block
            WHERE until_at > coalesce($1, '-infinity'::timestamptz) AND from_at < coalesce($2, 'infinity'::timestamptz)
              AND (from_at, id) > (coalesce($3, '-infinity'::timestamptz), coalesce($4, 0))
            ORDER BY from_at, id LIMIT $5";
pub const ADD_BLOCK: &str = "INSERT INTO block (table_ids, from_at, until_at, reason) VALUES ($1, $2, $3, $4) RETURNING *";
pub const REMOVE_BLOCK: &str = "DELETE FROM block WHERE id = $1";
pub const HOLD_BLOCK: &str = include_str!("sql/hold_block.sql");
pub const FILL_BLOCKS: &str = include_str!("sql/fill_blocks.sql");
pub const IN_THE_WAY: &str = include_str!("sql/in_the_way.sql");
pub const TABLES_IN_AREA: &str = r#"SELECT * FROM "table" WHERE area_id = $1"#;

pub const TABLE: &str = r#"SELECT * FROM "table" WHERE id = $1"#;
pub const TABLES: &str = r#"SELECT * FROM "table" WHERE (is_active OR $1) AND table_number > $2 ORDER BY table_number LIMIT $3"#;
pub const TABLES_OF: &str = r#"SELECT * FROM "table" WHERE id = ANY($1)"#;
pub const ADD_TABLE: &str = r#"INSERT INTO "table" (table_number, capacity, description, is_active, area_id, min_party, online)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *"#;
pub const REPLACE_TABLE: &str = r#"UPDATE "table" SET table_number = $2, capacity = $3, description = $4, is_active = $5, area_id = $6, min_party = $7,
            online = $8, version = version + 1 WHERE id = $1 RETURNING *"#;
pub const REMOVE_TABLE: &str = include_str!("sql/remove_table.sql");
pub const DEACTIVATE_TABLE: &str = r#"UPDATE "table" SET is_active = false, version = version + 1 WHERE id = $1 AND is_active"#;
pub const LEAVE_AREA: &str = r#"UPDATE "table" SET area_id = NULL, version = version + 1 WHERE id = $1"#;
pub const AHEAD: &str = include_str!("sql/ahead.sql");

pub const MY_UPCOMING: &str = include_str!("sql/my_upcoming.sql");
pub const MY_PAST: &str = include_str!("sql/my_past.sql");
pub const MY_ALL: &str = include_str!("sql/my_all.sql");
pub const MY_ONE: &str = include_str!("sql/my_one.sql");
pub const HOUSE: &str = include_str!("sql/house.sql");
pub const HOUSE_OF_USER: &str = include_str!("sql/house_of_user.sql");
pub const HOUSE_OF_TABLE: &str = include_str!("sql/house_of_table.sql");

pub const GUEST: &str = "SELECT full_name, email, phone FROM guest WHERE user_id = $1";
pub const GUEST_ROLE: &str = "SELECT role FROM guest WHERE user_id = $1";
pub const LEARN_GUEST: &str = include_str!("sql/learn_guest.sql");

pub const TAKE_MESSAGE: &str = include_str!("sql/take_message.sql");
pub const MESSAGE_SENT: &str = "UPDATE message SET state = 'sent', sent_at = now(), taken_until = NULL, last_error = NULL
            WHERE id = $1 AND attempts = $2 AND state = 'sending'";
pub const MESSAGE_FAILED: &str = "UPDATE message SET state = 'failed', taken_until = NULL, last_error = $3
            WHERE id = $1 AND attempts = $2 AND state = 'sending'";
pub const LOCK_MESSAGE: &str = "SELECT FROM message WHERE id = $1 FOR UPDATE";
pub const POSTPONE_MESSAGE: &str = include_str!("sql/postpone_message.sql");
pub const MESSAGES_WAITING: &str = "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)::double precision
            FROM message WHERE state IN ('waiting', 'sending') AND due_at <= clock_timestamp()";
pub const MESSAGE_AGAIN: &str = include_str!("sql/message_again.sql");
pub const LAST_MESSAGES: &str = "SELECT DISTINCT ON (reservation_id) reservation_id, kind, state, last_error
            FROM message WHERE reservation_id = ANY($1) AND NOT (kind = 'reminder' AND attempts = 0) AND dedupe_key NOT LIKE '%:former:%'
            ORDER BY reservation_id, id DESC";
pub const LOCK_LINKS: &str =
    "SELECT pg_advisory_xact_lock(1818848875, hashtext($2)), pg_advisory_xact_lock(1818848876, hashtext(lower(btrim($1))))";
pub const SEND_LINK: &str = include_str!("sql/send_link.sql");
pub const FORGET_MESSAGES: &str = "DELETE FROM message WHERE expires_at < now() - interval '30 days'";

pub const CLAIM_KEY: &str = include_str!("sql/claim_key.sql");
pub const KEPT_ANSWER: &str = "SELECT status, headers, body FROM idempotency_key WHERE scope = $1 AND key = $2 AND fingerprint = $3
            AND status IS NOT NULL AND created_at >= now() - interval '24 hours'";
pub const KEEP_ANSWER: &str = "UPDATE idempotency_key SET status = $3, headers = $4, body = $5 WHERE scope = $1 AND key = $2";
pub const FORGET_ANSWERS: &str = "DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'";
