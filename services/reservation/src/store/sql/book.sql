-- Books a table that is free, for a user who is within the limits, by the house at the version by which the wish was judged.
-- $1 user, $2 table, $3 guests, $4 time, $5 minutes, $6 code, $7 status, $8 phone, $9 e-mail, $10 requests, $11 whether the guest named
-- the table, $12 bookings an hour, $13 bookings ahead (0: no limit), $14 now, $15 version of the house, $16 and $17 when the rows of the hold
-- begin and end.
-- An edit of the house waits for those who book by it, and they for the edit. What is seen to be taken is refused before an id is drawn; the
-- constraint decides between bookings that are made at once.
WITH house AS MATERIALIZED (
    SELECT FROM house WHERE version = $15 FOR SHARE
), judged AS MATERIALIZED (
    SELECT booking_limit($1, $12, $13) AS reached,
        EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = $2
              AND h.start_at > $4::timestamptz - interval '8 hours' AND h.start_at < until AND h.end_at > $4
        ) OR $4 < $14::timestamptz + interval '15 minutes' AND EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = $2 AND h.seated AND h.start_at < until
        ) AS taken
    FROM house, LATERAL (SELECT ($17::timestamptz[])[cardinality($17::timestamptz[])] AS until) AS hold
), numbered AS MATERIALIZED (
    SELECT nextval('reservation_id_seq') AS id FROM judged WHERE reached IS NULL AND NOT taken
), held AS (
    INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at)
    SELECT id, $2, piece.start_at, piece.end_at FROM numbered, unnest($16::timestamptz[], $17::timestamptz[]) AS piece (start_at, end_at)
    ON CONFLICT DO NOTHING RETURNING reservation_id
), changed AS (
    INSERT INTO reservation (id, reservation_code, user_id, table_id, table_named, guests_count, reservation_time, duration_minutes,
        status, contact_phone, contact_email, special_requests)
    SELECT id, $6, $1, $2, $11, $3, $4, $5, $7, $8, $9, $10 FROM numbered
    WHERE (SELECT count(*) FROM held) = cardinality($16::timestamptz[]) RETURNING *
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', id::text, 'reservation.created', jsonb_build_object(
        'id', id, 'reservation_code', reservation_code, 'user_id', user_id, 'table_id', table_id, 'guests_count', guests_count,
        'reservation_time', event_time(reservation_time), 'duration_minutes', duration_minutes, 'status', status,
        'version', version, 'created_at', event_time(created_at), 'updated_at', event_time(updated_at))
    FROM changed
)
SELECT EXISTS (SELECT FROM judged) AS current, (SELECT reached FROM judged) AS reached, changed.*
FROM (SELECT) AS one LEFT JOIN changed ON true
