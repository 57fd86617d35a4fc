-- Gives a booking of this version new values. Its tables are released and held by other statements of the transaction.
-- $1 booking, $2 version, $3 table, $4 whether the guest named it, $5 guests, $6 time, $7 minutes, $8 state, $9 phone, $10 e-mail,
-- $11 requests.
WITH changed AS (
    UPDATE reservation SET table_id = $3, table_named = $4, guests_count = $5, reservation_time = $6, duration_minutes = $7, status = $8,
        contact_phone = $9, contact_email = $10, special_requests = $11, version = version + 1,
        updated_at = greatest(clock_timestamp(), updated_at)
    WHERE id = $1 AND version = $2 RETURNING *
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', id::text, 'reservation.changed', jsonb_build_object(
        'id', id, 'reservation_code', reservation_code, 'user_id', user_id, 'table_id', table_id, 'guests_count', guests_count,
        'reservation_time', event_time(reservation_time), 'duration_minutes', duration_minutes, 'status', status,
        'version', version, 'created_at', event_time(created_at), 'updated_at', event_time(updated_at))
    FROM changed
)
SELECT * FROM changed
