-- Books tables that are free, for a user who is within the limits, by the house at the version by which the wish was judged.
-- $1 user, $2 tables, $3 guests, $4 time, $5 minutes, $6 code, $7 status, $8 phone, $9 e-mail, $10 requests, $11 whether the tables were
-- named, $12 bookings an hour, $13 bookings ahead (0: no limit), $14 now, $15 version of the house, $16 and $17 when the rows of the hold
-- begin and end, $18 source, $19 name, $20 note of the staff, $21 whether rules were overridden, $22 as whom and $23 by which user it is
-- booked, $24 whether the party sits there at once, $25 network and $26 bookings an hour that it may make without an account, or null and 0,
-- $27 language, $28 how many hours before the visit the guest is reminded, null where no mail is configured.
-- An edit of the house waits for those who book by it, and they for the edit. What is seen to be taken is refused before an id is drawn; the
-- constraint decides between bookings that are made at once.
WITH house AS MATERIALIZED (
    SELECT FROM house WHERE version = $15 FOR SHARE
), judged AS MATERIALIZED (
    SELECT coalesce(booking_limit($1, $12, $13), network_limit($25, $26)) AS reached,
        EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = ANY($2)
              AND h.start_at > $4::timestamptz - interval '8 hours' AND h.start_at < until AND h.end_at > $4
        ) OR $4 < $14::timestamptz + interval '15 minutes' AND EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = ANY($2) AND h.seated AND h.start_at < until
        ) AS taken
    FROM house, LATERAL (SELECT ($17::timestamptz[])[cardinality($17::timestamptz[])] AS until) AS hold
), numbered AS MATERIALIZED (
    SELECT nextval('reservation_id_seq') AS id FROM judged WHERE reached IS NULL AND NOT taken
), held AS (
    -- In the order of their ids, as everywhere: bookings that want the same tables wait for each other in a row.
    INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at, seated)
    SELECT numbered.id, t.id, piece.start_at, piece.end_at, $24 AND piece.number = cardinality($16::timestamptz[])
    FROM numbered, unnest($2::integer[]) AS t (id),
        unnest($16::timestamptz[], $17::timestamptz[]) WITH ORDINALITY AS piece (start_at, end_at, number)
    ORDER BY t.id, piece.start_at
    ON CONFLICT DO NOTHING RETURNING reservation_id
), changed AS (
    INSERT INTO reservation (id, reservation_code, user_id, table_id, table_ids, table_named, guests_count, reservation_time,
        duration_minutes, status, contact_phone, contact_email, special_requests, source, contact_name, staff_note, overridden, changed_by,
        changed_by_user, language)
    SELECT id, $6, $1, ($2::integer[])[1], $2, $11, $3, $4, $5, $7, $8, $9, $10, $18, $19, $20, $21, $22, $23, $27 FROM numbered
    WHERE (SELECT count(*) FROM held) = cardinality($2::integer[]) * cardinality($16::timestamptz[]) RETURNING reservation AS booking
), counted AS (
    INSERT INTO network_use (network, use) SELECT $25, 'booking' FROM changed WHERE $26 > 0
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', (booking).id::text, 'reservation.created', event_of(booking) FROM changed
), mailed AS MATERIALIZED (
    SELECT write_messages(booking, CASE (booking).status WHEN 'pending' THEN 'received' WHEN 'confirmed' THEN 'confirmed' END, NULL, $28)
    FROM changed WHERE $28::integer IS NOT NULL
)
SELECT EXISTS (SELECT FROM judged) AS current, (SELECT reached FROM judged) AS reached, (changed.booking).*,
    (SELECT full_name FROM guest WHERE user_id = $23 AND $22 = 'staff') AS changed_by_name
FROM (SELECT count(*) FROM mailed) AS one LEFT JOIN changed ON true
