-- Books a table that is active, seats the party and is free, for a user who is within the limits.
-- $1 user, $2 table, $3 guests, $4 time, $5 minutes, $6 code, $7 status, $8 phone, $9 e-mail, $10 requests, $11 whether the guest named
-- the table, $12 bookings an hour, $13 bookings ahead (0: no limit), $14 now.
-- The row of the table is locked against those who change it. What is seen to be taken is refused before an id is drawn; the constraint
-- decides between bookings that are made at once.
WITH target AS MATERIALIZED (
    SELECT id, $4::timestamptz AS start_at, $4::timestamptz + make_interval(mins => $5) AS end_at
    FROM "table" WHERE id = $2 AND is_active AND capacity >= $3 FOR SHARE
), judged AS MATERIALIZED (
    SELECT id, start_at, end_at, booking_limit($1, $12, $13) AS reached,
        EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = t.id
              AND h.start_at > t.start_at - interval '8 hours' AND h.start_at < t.end_at AND h.end_at > t.start_at
        ) OR t.start_at < $14::timestamptz + interval '15 minutes' AND EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = t.id AND h.seated AND h.start_at < t.end_at
        ) AS taken
    FROM target t
), held AS (
    INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at)
    SELECT nextval('reservation_id_seq'), id, start_at, end_at FROM judged WHERE reached IS NULL AND NOT taken
    ON CONFLICT DO NOTHING RETURNING reservation_id, table_id, start_at
), changed AS (
    INSERT INTO reservation (id, reservation_code, user_id, table_id, table_named, guests_count, reservation_time, duration_minutes,
        status, contact_phone, contact_email, special_requests)
    SELECT reservation_id, $6, $1, table_id, $11, $3, start_at, $5, $7, $8, $9, $10 FROM held RETURNING *
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', id::text, 'reservation.created', jsonb_build_object(
        'id', id, 'reservation_code', reservation_code, 'user_id', user_id, 'table_id', table_id, 'guests_count', guests_count,
        'reservation_time', event_time(reservation_time), 'duration_minutes', duration_minutes, 'status', status,
        'version', version, 'created_at', event_time(created_at), 'updated_at', event_time(updated_at))
    FROM changed
)
SELECT EXISTS (SELECT FROM judged) AS suits, (SELECT reached FROM judged) AS reached, changed.*
FROM (SELECT) AS one LEFT JOIN changed ON true
