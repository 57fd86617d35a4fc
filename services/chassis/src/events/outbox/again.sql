-- Events that wait, of the keys ($2, $3): from the id $1 on, $4 of them at most.
SELECT id, event_id::text, topic, key, type, data::text, event_time(time) AS time
FROM outbox WHERE id >= $1 AND (topic, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))
ORDER BY id LIMIT $4
