-- In how many seconds a user has made fewer bookings within an hour.
-- $1 user, $2 the limit.
SELECT ceil(extract(epoch FROM created_at + interval '1 hour' - now()))::bigint FROM reservation
WHERE user_id = $1 AND created_at > now() - interval '1 hour' ORDER BY created_at DESC OFFSET $2 - 1 LIMIT 1
