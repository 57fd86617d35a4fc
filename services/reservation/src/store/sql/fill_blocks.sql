-- Has blocks that waited until a party left hold its tables from now on, until they hold them anyway.
-- $1 tables, $2 now.
INSERT INTO reservation_table (block_id, table_id, start_at, end_at)
SELECT gap.block_id, gap.table_id, piece.start_at, least(piece.start_at + interval '8 hours', gap.until)
FROM (
    SELECT b.id AS block_id, t.id AS table_id, greatest(b.from_at, $2::timestamptz) AS start_at,
        coalesce((SELECT min(h.start_at) FROM reservation_table h WHERE h.block_id = b.id AND h.table_id = t.id), b.until_at) AS until
    FROM block b CROSS JOIN unnest($1::integer[]) AS t (id) WHERE t.id = ANY(b.table_ids) AND b.until_at > $2
) AS gap, generate_series(gap.start_at, gap.until - interval '1 microsecond', interval '8 hours') AS piece (start_at)
ORDER BY gap.table_id, piece.start_at
ON CONFLICT DO NOTHING
