-- Sends the last message about a booking to its guest once more: one that waits goes at once, of another one there is a copy.
-- $1 booking.
WITH last AS MATERIALIZED (
    SELECT m.* FROM message m JOIN reservation r ON r.id = m.reservation_id AND r.contact_email = m.recipient
    WHERE m.reservation_id = $1 AND NOT (m.kind = 'reminder' AND m.attempts = 0) AND m.dedupe_key NOT LIKE '%:former:%'
    ORDER BY m.id DESC LIMIT 1 FOR UPDATE OF m
), hurried AS (
    UPDATE message SET due_at = least(message.due_at, clock_timestamp()), taken_until = NULL FROM last
    WHERE message.id = last.id AND last.state = 'waiting'
), copied AS (
    INSERT INTO message (kind, reservation_id, recipient, language, params, dedupe_key, due_at, expires_at)
    SELECT kind, reservation_id, recipient, language, params, concat_ws(':', reservation_id, 'again', gen_random_uuid()), clock_timestamp(),
        greatest(expires_at, now() + interval '1 hour')
    FROM last WHERE state IN ('sent', 'failed', 'expired')
)
SELECT EXISTS (SELECT FROM last)
