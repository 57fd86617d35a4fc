-- What was told in the last days before the moment of the restore may have been lost with the broker before others heard it. Those who did
-- know its version.
INSERT INTO outbox (topic, key, type, data)
SELECT 'reservation.events', r.id::text, 'reservation.changed', event_of(r) FROM reservation r
WHERE r.updated_at > (SELECT max(updated_at) FROM reservation) - interval '7 days'
ORDER BY r.id
