-- Books tables that are free, each wish by itself: for a user who is within the limits, by the house at the version by which the wish was judged.
-- Of the wishes, an array each, in the order of their users: $1 user, $2 tables (as text, '{1,2}'), $3 guests, $4 time, $5 minutes, $6 code,
-- $7 status, $8 phone, $9 e-mail, $10 requests, $11 whether the tables were named, $12 bookings an hour, $13 bookings ahead (0: no limit),
-- $14 version of the house, $15 when the hold ends, $16 source, $17 name, $18 note of the staff, $19 whether rules were overridden, $20 as
-- whom and $21 by which user it is booked, $22 network and $23 bookings an hour that it may make without an account, or null and 0,
-- $24 language. Of the rows of their holds: $25 which wish, from 1 on, $26 table, $27 and $28 when it begins and ends, $29 whether the party
-- sits there at once. $30 now, $31 how many hours before the visit guests are reminded, null where no mail is configured.
-- An edit of the house waits for those who book by it, and they for the edit. What is seen to be taken is refused before an id is drawn; the
-- constraint decides between bookings that are made at once, in this statement or in others.
WITH house AS MATERIALIZED (
    SELECT version AS current_version FROM house FOR SHARE
), wished AS MATERIALIZED (
    SELECT * FROM unnest($1::integer[], $2::text[], $3::integer[], $4::timestamptz[], $5::integer[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::boolean[], $12::integer[], $13::integer[], $14::integer[], $15::timestamptz[], $16::text[], $17::text[],
        $18::text[], $19::boolean[], $20::text[], $21::integer[], $22::text[], $23::integer[], $24::text[]) WITH ORDINALITY
    AS w (booker, tables, guests, starts, minutes, code, status, phone, email, requests, named, per_hour, upcoming, judged_by, until, source,
        name, note, overridden, by, by_user, network, per_network, language, number)
), judged AS MATERIALIZED (
    SELECT number, coalesce(booking_limit(booker, per_hour, upcoming), network_limit(network, per_network)) AS reached,
        EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = ANY(tables::integer[])
              AND h.start_at > starts - interval '8 hours' AND h.start_at < until AND h.end_at > starts
        ) OR starts < $30::timestamptz + interval '15 minutes' AND EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = ANY(tables::integer[]) AND h.seated AND h.start_at < until
        ) AS taken
    FROM wished JOIN house ON judged_by = current_version
), numbered AS MATERIALIZED (
    SELECT nextval('reservation_id_seq')::integer AS id, number FROM judged WHERE reached IS NULL AND NOT taken
), held AS (
    -- In the order of their tables, as everywhere: bookings that want the same tables wait for each other in a row.
    INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at, seated)
    SELECT numbered.id, piece.table_id, piece.start_at, piece.end_at, piece.seated
    FROM numbered JOIN unnest($25::integer[], $26::integer[], $27::timestamptz[], $28::timestamptz[], $29::boolean[])
        AS piece (number, table_id, start_at, end_at, seated) USING (number)
    ORDER BY piece.table_id, piece.start_at
    ON CONFLICT DO NOTHING RETURNING reservation_id
), changed AS (
    INSERT INTO reservation (id, reservation_code, user_id, table_id, table_ids, table_named, guests_count, reservation_time,
        duration_minutes, status, contact_phone, contact_email, special_requests, source, contact_name, staff_note, overridden, changed_by,
        changed_by_user, language)
    SELECT id, code, booker, (tables::integer[])[1], tables::integer[], named, guests, starts, minutes, status, phone, email, requests, source,
        name, note, overridden, by, by_user, language
    FROM numbered JOIN wished USING (number)
    WHERE (SELECT count(*) FROM held WHERE reservation_id = id) = (SELECT count(*) FROM unnest($25::integer[]) AS of (wish) WHERE wish = number)
    RETURNING reservation AS booking
), counted AS (
    INSERT INTO network_use (network, use)
    SELECT network, 'booking' FROM changed JOIN numbered ON id = (booking).id JOIN wished USING (number) WHERE per_network > 0
), told AS (
    INSERT INTO outbox (topic, key, type, data)
    SELECT 'reservation.events', (booking).id::text, 'reservation.created', event_of(booking) FROM changed
), mailed AS MATERIALIZED (
    SELECT write_messages(booking, CASE (booking).status WHEN 'pending' THEN 'received' WHEN 'confirmed' THEN 'confirmed' END, NULL, $31)
    FROM changed WHERE $31::integer IS NOT NULL
)
SELECT judged.number IS NOT NULL AS current, reached, (changed.booking).*,
    (SELECT full_name FROM guest WHERE user_id = by_user AND by = 'staff') AS changed_by_name
FROM wished CROSS JOIN (SELECT count(*) FROM mailed) AS one LEFT JOIN judged USING (number) LEFT JOIN numbered USING (number)
    LEFT JOIN changed ON (booking).id = numbered.id
ORDER BY wished.number
