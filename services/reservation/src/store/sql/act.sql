-- Brings a booking of this version to another state, and frees its tables where it no longer holds any.
-- $1 booking, $2 version, $3 state, $4 type of the event, $5 whether it still holds its tables, $6 as whom and $7 by which user, $8 whether
-- it can be undone, $9 the kind of message that tells the guest of it, and $10 how many hours before the visit they are reminded.
-- The house is shared, since an edit of it may count what begins within each quarter of an hour; after the booking, as everywhere.
-- A transaction that waited for the row began before the one that it waited for: the time is the clock's, and never goes back.
WITH locked AS MATERIALIZED (
    SELECT FROM reservation WHERE id = $1 AND version = $2 FOR NO KEY UPDATE
), house AS MATERIALIZED (
    SELECT FROM locked CROSS JOIN house FOR SHARE OF house
), changed AS (
    UPDATE reservation SET status = $3, version = version + 1, updated_at = greatest(clock_timestamp(), updated_at),
        changed_by = $6, changed_by_user = $7,
        undo_status = CASE WHEN $8 THEN status END, undo_at = CASE WHEN $8 THEN greatest(clock_timestamp(), updated_at) END
    FROM house WHERE id = $1 AND reservation.version = $2 RETURNING reservation AS booking
), freed AS (
    DELETE FROM reservation_table USING changed WHERE reservation_id = (booking).id AND NOT $5
), lowered AS MATERIALIZED (
    SELECT lower_pacing((booking).reservation_time, (booking).guests_count) FROM changed
    WHERE (booking).status IN ('cancelled', 'no_show') AND (booking).source <> 'walk_in'
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', (booking).id::text, $4, event_of(booking) FROM changed
), mailed AS MATERIALIZED (
    SELECT write_messages(booking, $9, NULL, $10) FROM changed WHERE $10::integer IS NOT NULL
)
SELECT (changed.booking).*, (SELECT full_name FROM guest WHERE user_id = $7 AND $6 = 'staff') AS changed_by_name
FROM changed CROSS JOIN (SELECT count(*) FROM lowered) AS counted CROSS JOIN (SELECT count(*) FROM mailed) AS told_by_mail
