-- What was told in the last days before the moment of the restore may have been lost with the broker before others heard it. Those who did
-- know its version.
INSERT INTO outbox (topic, key, type, data)
SELECT 'user.events', id::text, 'user.updated', jsonb_build_object(
    'id', id, 'email', email, 'full_name', full_name, 'phone', phone, 'role', role, 'version', version)
FROM "user" WHERE updated_at > (SELECT max(updated_at) FROM "user") - interval '7 days'
ORDER BY "user".id
