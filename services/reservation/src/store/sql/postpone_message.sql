-- Has a message that was refused for now wait for the next attempt; where the booking has a newer one for the same guest, that takes its place. It was
-- written while this one was on its way: a change, to somebody who as it turns out has heard of nothing yet, is none.
-- $1 message, $2 the attempt, $3 why, $4 seconds.
WITH postponed AS (
    UPDATE message m SET last_error = $3, taken_until = clock_timestamp() + make_interval(secs => $4),
        state = CASE WHEN EXISTS (
            SELECT FROM message newer WHERE newer.reservation_id = m.reservation_id AND newer.recipient = m.recipient AND newer.id > m.id
              AND newer.kind NOT IN ('reminder', 'link')
        ) THEN 'expired' ELSE 'waiting' END
    WHERE id = $1 AND attempts = $2 AND state = 'sending' RETURNING *
), reworded AS (
    UPDATE message newer SET kind = CASE newer.params ->> 'status' WHEN 'pending' THEN 'received' ELSE 'confirmed' END
    FROM postponed p
    WHERE p.state = 'expired' AND newer.reservation_id = p.reservation_id AND newer.recipient = p.recipient AND newer.id > p.id
      AND newer.kind = 'changed' AND newer.state = 'waiting' AND newer.dedupe_key NOT LIKE '%:former:%'
      AND NOT EXISTS (
        SELECT FROM message told WHERE told.reservation_id = p.reservation_id AND told.recipient = p.recipient AND told.state = 'sent'
          AND (newer.params ->> 'status' = 'pending' OR told.params ->> 'status' = newer.params ->> 'status'))
)
SELECT state FROM postponed
