-- What holds tables within a span, bookings and blocks, and who sits there, of whom there is one at a table: a row for each table, since a
-- calendar reads thousands of holds.
-- $1 from, $2 until, $3 a booking that does not count, or null (a block is of no booking), $4 the tables.
SELECT t.id AS table_id, coalesce(held.starts, '{}') AS starts, coalesce(held.ends, '{}') AS ends, seated.start_at AS seated_start,
    seated.end_at AS seated_end
FROM unnest($4::integer[]) AS t (id)
CROSS JOIN LATERAL (
    SELECT array_agg(start_at) AS starts, array_agg(end_at) AS ends FROM reservation_table h
    WHERE h.table_id = t.id AND h.start_at > $1::timestamptz - interval '8 hours' AND h.start_at < $2 AND h.end_at > $1
      AND h.reservation_id IS DISTINCT FROM coalesce($3, 0)
) AS held
LEFT JOIN reservation_table seated ON seated.table_id = t.id AND seated.seated AND seated.reservation_id IS DISTINCT FROM coalesce($3, 0)
