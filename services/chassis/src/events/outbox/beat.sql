-- The lease of the holder $1 for $2 seconds from now, and events that wait, as in look.sql: from the id $4 on, without those of the ids
-- $5, $6 of them at most. $3: no event that waits has a smaller id. There is no row where the lease is another's.
WITH renewed AS (
    UPDATE outbox_lease SET until = clock_timestamp() + make_interval(secs => $2), oldest = $3 WHERE holder = $1 RETURNING holder
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_transaction,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next_transaction,
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq) AS last_id,
       waiting.id, event_id::text, topic, key, type, data::text, event_time(time) AS time
FROM renewed LEFT JOIN LATERAL (
    SELECT * FROM outbox WHERE id >= $4 AND id NOT IN (SELECT unnest($5::bigint[])) ORDER BY id LIMIT $6
) AS waiting ON true
ORDER BY waiting.id
