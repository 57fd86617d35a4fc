-- Claims an Idempotency-Key that is new, or older than 24 hours.
-- $1 whose key, $2 key, $3 fingerprint of the request.
INSERT INTO idempotency_key AS kept (scope, key, fingerprint) VALUES ($1, $2, $3)
ON CONFLICT (scope, key) DO UPDATE SET fingerprint = $3, status = NULL, headers = NULL, body = NULL, created_at = now()
WHERE kept.created_at < now() - interval '24 hours'
