-- What holds tables within a stretch of time, and so is in the way of a block: each booking and each block once a table.
-- $1 tables, $2 from, $3 until.
SELECT h.table_id, h.block_id, bool_or(coalesce(r.status = 'seated', false)) AS sits, max(h.end_at) AS end_at,
    r.id, r.reservation_code, r.reservation_time
FROM reservation_table h
LEFT JOIN reservation r ON r.id = h.reservation_id
WHERE h.table_id = ANY($1) AND h.start_at > $2::timestamptz - interval '8 hours' AND h.start_at < $3 AND h.end_at > $2
GROUP BY h.table_id, h.block_id, r.id
ORDER BY r.reservation_time, r.id
