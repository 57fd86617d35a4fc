-- A user's bookings, the latest first.
-- $1 user, $2 and $3 time and id of the last row of the page before, or null, $4 rows.
SELECT r.* FROM unnest(ARRAY['pending', 'confirmed', 'seated', 'completed', 'cancelled', 'no_show']) AS state
CROSS JOIN LATERAL (
    SELECT * FROM reservation WHERE user_id = $1 AND status = state
      AND (reservation_time, id) < (coalesce($2, 'infinity'::timestamptz), coalesce($3, 0))
    ORDER BY reservation_time DESC, id DESC LIMIT $4
) r ORDER BY r.reservation_time DESC, r.id DESC LIMIT $4
