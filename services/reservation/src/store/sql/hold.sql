-- Holds tables for a booking, in pieces of 8 hours at most.
-- $1 booking, $2 tables, $3 starts, $4 ends, $5 whether the party sits there, $6 now, $7 whether the tables are the booking's already: then
-- they need not be free of a party over its time.
INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at, seated)
SELECT $1, t.id, piece.start_at, piece.end_at, $5 AND piece.number = cardinality($3::timestamptz[])
FROM unnest($2::integer[]) AS t (id), unnest($3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS piece (start_at, end_at, number)
WHERE $7 OR NOT (
    ($3::timestamptz[])[1] < $6::timestamptz + interval '15 minutes' AND EXISTS (
        SELECT FROM reservation_table h
        WHERE h.table_id = ANY($2) AND h.seated AND h.start_at < ($4::timestamptz[])[cardinality($4::timestamptz[])])
)
ORDER BY t.id, piece.start_at
ON CONFLICT DO NOTHING
