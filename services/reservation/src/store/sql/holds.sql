-- What holds tables within a span, bookings and blocks, and who sits there: a row for each table, since a calendar reads thousands of holds.
-- $1 from, $2 until, $3 a booking that does not count, or null (a block is of no booking), $4 the tables.
SELECT t.id AS table_id, held.* FROM unnest($4::integer[]) AS t (id)
CROSS JOIN LATERAL (
    SELECT array_agg(start_at) AS starts, array_agg(end_at) AS ends, array_agg(seated) AS seated FROM (
        SELECT start_at, end_at, false AS seated FROM reservation_table h
        WHERE h.table_id = t.id AND h.start_at > $1::timestamptz - interval '8 hours' AND h.start_at < $2 AND h.end_at > $1
          AND h.reservation_id IS DISTINCT FROM coalesce($3, 0)
        UNION ALL
        SELECT start_at, end_at, true FROM reservation_table h
        WHERE h.table_id = t.id AND h.seated AND h.reservation_id IS DISTINCT FROM coalesce($3, 0)
    ) AS holds
) AS held WHERE held.starts IS NOT NULL
