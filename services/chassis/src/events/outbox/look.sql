-- Events that wait: from the id $1 on, without those of the ids $2, $3 of them at most.
SELECT id, event_id::text, topic, key, type, data::text, event_time(time) AS time
FROM outbox WHERE id >= $1 AND id NOT IN (SELECT unnest($2::bigint[]))
ORDER BY id LIMIT $3
