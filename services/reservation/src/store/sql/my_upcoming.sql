-- A user's bookings that are pending, confirmed or seated and not over yet, the soonest first.
-- $1 user, $2 and $3 time and id of the last row of the page before, or null, $4 rows.
SELECT r.* FROM unnest(ARRAY['pending', 'confirmed', 'seated']) AS state
CROSS JOIN LATERAL (
    SELECT * FROM reservation WHERE user_id = $1 AND status = state
      AND reservation_time + make_interval(mins => duration_minutes) > now()
      AND (reservation_time, id) > (greatest($2, now() - interval '8 hours'),
                                    CASE WHEN $2 >= now() - interval '8 hours' THEN $3 ELSE 2147483647 END)
    ORDER BY reservation_time, id LIMIT $4
) r ORDER BY r.reservation_time, r.id LIMIT $4
