-- What holds tables within a span, bookings and blocks, and who sits there.
-- $1 from, $2 until, $3 a booking that does not count, or null (a block is of no booking), $4 the tables.
SELECT held.* FROM unnest($4::integer[]) AS t (id)
CROSS JOIN LATERAL (
    SELECT table_id, start_at, end_at, false AS seated FROM reservation_table h
    WHERE h.table_id = t.id AND h.start_at > $1::timestamptz - interval '8 hours' AND h.start_at < $2 AND h.end_at > $1
      AND h.reservation_id IS DISTINCT FROM coalesce($3, 0)
    UNION ALL
    SELECT table_id, start_at, end_at, true FROM reservation_table h
    WHERE h.table_id = t.id AND h.seated AND h.reservation_id IS DISTINCT FROM coalesce($3, 0)
) held
