-- A user's bookings that are over, completed, cancelled or a no-show, the latest first.
-- $1 user, $2 and $3 time and id of the last row of the page before, or null, $4 rows.
SELECT r.* FROM (
    VALUES ('completed', 'infinity'::timestamptz), ('cancelled', 'infinity'), ('no_show', 'infinity'),
           ('pending', now()), ('confirmed', now()), ('seated', now())
) AS state (status, over)
CROSS JOIN LATERAL (
    SELECT * FROM reservation WHERE user_id = $1 AND status = state.status AND reservation_time < state.over
      AND reservation_time + make_interval(mins => duration_minutes) <= state.over
      AND (reservation_time, id) < (coalesce($2, 'infinity'::timestamptz), coalesce($3, 0))
    ORDER BY reservation_time DESC, id DESC LIMIT $4
) r ORDER BY r.reservation_time DESC, r.id DESC LIMIT $4
