-- Holds the tables of a block, each from its own start, in pieces of 8 hours at most.
-- $1 block, $2 tables, $3 when each begins, $4 until.
INSERT INTO reservation_table (block_id, table_id, start_at, end_at)
SELECT $1, t.id, piece.start_at, least(piece.start_at + interval '8 hours', $4)
FROM unnest($2::integer[], $3::timestamptz[]) AS t (id, from_at),
    generate_series(t.from_at, $4::timestamptz - interval '1 microsecond', interval '8 hours') AS piece (start_at)
ORDER BY t.id, piece.start_at
