-- In how many seconds the first of a user's bookings that are not over yet is over.
-- $1 user.
SELECT ceil(extract(epoch FROM min(reservation_time + make_interval(mins => duration_minutes)) - now()))::bigint FROM reservation
WHERE user_id = $1 AND status IN ('pending', 'confirmed', 'seated') AND reservation_time > now() - interval '8 hours'
  AND reservation_time + make_interval(mins => duration_minutes) > now()
