-- Brings a booking of this version to another state, and frees its tables where it no longer holds any.
-- $1 booking, $2 version, $3 state, $4 type of the event, $5 whether it still holds its tables.
-- The house is shared, since an edit of it may count what begins within each quarter of an hour.
-- A transaction that waited for the row began before the one that it waited for: the time is the clock's, and never goes back.
WITH house AS MATERIALIZED (
    SELECT FROM house FOR SHARE
), changed AS (
    UPDATE reservation SET status = $3, version = version + 1, updated_at = greatest(clock_timestamp(), updated_at)
    FROM house WHERE id = $1 AND reservation.version = $2 RETURNING reservation.*
), freed AS (
    DELETE FROM reservation_table USING changed WHERE reservation_id = changed.id AND NOT $5
), lowered AS MATERIALIZED (
    SELECT lower_pacing(reservation_time, guests_count) FROM changed WHERE status IN ('cancelled', 'no_show')
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', id::text, $4, jsonb_build_object(
        'id', id, 'reservation_code', reservation_code, 'user_id', user_id, 'table_id', table_id, 'guests_count', guests_count,
        'reservation_time', event_time(reservation_time), 'duration_minutes', duration_minutes, 'status', status,
        'version', version, 'created_at', event_time(created_at), 'updated_at', event_time(updated_at))
    FROM changed
)
SELECT changed.* FROM changed CROSS JOIN (SELECT count(*) FROM lowered) AS counted
