-- Takes the message that is due first, for five minutes: nobody else sends it meanwhile, nor another one about the same booking. One that nobody
-- needs any more expires.
WITH due AS MATERIALIZED (
    SELECT id FROM message m
    WHERE state IN ('waiting', 'sending') AND due_at <= clock_timestamp() AND coalesce(taken_until <= clock_timestamp(), true)
      AND NOT EXISTS (
        SELECT FROM message other WHERE other.reservation_id = m.reservation_id AND other.state = 'sending' AND other.id <> m.id
          AND other.taken_until > clock_timestamp())
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE message m SET
    state = CASE WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'sending' END,
    taken_until = CASE WHEN expires_at > clock_timestamp() THEN clock_timestamp() + interval '5 minutes' END,
    attempts = attempts + (expires_at > clock_timestamp())::integer
FROM due WHERE m.id = due.id RETURNING m.*
