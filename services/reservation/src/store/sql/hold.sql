-- Holds a table for a booking, in pieces of 8 hours at most.
-- $1 booking, $2 table, $3 guests, $4 starts, $5 ends, $6 whether the party sits there, $7 now, $8 whether the table is the booking's already:
-- then it need not be active, large enough, or free of a party over its time.
WITH target AS (
    SELECT id FROM "table" t WHERE id = $2 AND ($8 OR is_active AND capacity >= $3 AND NOT (
        ($4::timestamptz[])[1] < $7::timestamptz + interval '15 minutes' AND EXISTS (
            SELECT FROM reservation_table h WHERE h.table_id = t.id AND h.seated AND h.start_at < ($5::timestamptz[])[cardinality($5::timestamptz[])])
    )) FOR SHARE
)
INSERT INTO reservation_table (reservation_id, table_id, start_at, end_at, seated)
SELECT $1, target.id, piece.start_at, piece.end_at, $6 AND piece.number = cardinality($4::timestamptz[])
FROM target CROSS JOIN unnest($4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY AS piece (start_at, end_at, number)
ON CONFLICT DO NOTHING
