-- Has a message that was refused for now wait for the next attempt; where the booking has a newer one for the same guest, that takes its place.
-- $1 message, $2 the attempt, $3 why, $4 seconds.
UPDATE message m SET last_error = $3, taken_until = clock_timestamp() + make_interval(secs => $4),
    state = CASE WHEN EXISTS (
        SELECT FROM message newer WHERE newer.reservation_id = m.reservation_id AND newer.recipient = m.recipient AND newer.id > m.id
          AND newer.kind NOT IN ('reminder', 'link')
    ) THEN 'expired' ELSE 'waiting' END
WHERE id = $1 AND attempts = $2 AND state = 'sending' RETURNING state
