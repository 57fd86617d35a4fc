-- Gives a booking of this version new values. Its tables are released and held by other statements of the transaction.
-- $1 booking, $2 version, $3 tables, $4 whether they were named, $5 guests, $6 time, $7 minutes, $8 state, $9 phone, $10 e-mail,
-- $11 requests, $12 name, $13 note of the staff, $14 whether rules were overridden, $15 as whom and $16 by which user,
-- $17 what the booking was before, of what the guest is told, or null, and $18 how many hours before the visit they are reminded.
WITH changed AS (
    UPDATE reservation SET table_id = ($3::integer[])[1], table_ids = $3, table_named = $4, guests_count = $5, reservation_time = $6,
        duration_minutes = $7, status = $8, contact_phone = $9, contact_email = $10::varchar, special_requests = $11, contact_name = $12,
        link_version = link_version + (contact_email IS DISTINCT FROM $10::varchar)::integer, staff_note = $13,
        overridden = $14, changed_by = $15, changed_by_user = $16, version = version + 1,
        updated_at = greatest(clock_timestamp(), updated_at)
    WHERE id = $1 AND version = $2 RETURNING reservation AS booking
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', (booking).id::text, 'reservation.changed', event_of(booking) FROM changed
), mailed AS MATERIALIZED (
    SELECT write_messages(booking, CASE WHEN $17::jsonb IS NOT NULL THEN 'changed' END, $17::jsonb, $18)
    FROM changed WHERE $18::integer IS NOT NULL
)
SELECT (booking).*, (SELECT full_name FROM guest WHERE user_id = $16 AND $15 = 'staff') AS changed_by_name
FROM changed CROSS JOIN (SELECT count(*) FROM mailed) AS told_by_mail
