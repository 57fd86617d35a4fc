-- The bookings of a table, the soonest first, each with its guest.
-- $1 states, $2 and $3 from when until when they begin, or null; one that begins up to 8 hours before is listed while it holds a table
-- after that. $4 and $5 time and id of the last row of the page before, or null, $6 rows, $7 table.
SELECT r.*, g.user_id AS guest_id, g.full_name, g.email, g.phone FROM unnest($1::text[]) AS state
CROSS JOIN LATERAL (
    SELECT * FROM reservation WHERE table_id = $7 AND status = state
      AND reservation_time > coalesce($2, '-infinity'::timestamptz) - interval '8 hours'
      AND reservation_time < coalesce($3, 'infinity'::timestamptz)
      AND (reservation_time >= coalesce($2, '-infinity'::timestamptz)
           OR status IN ('pending', 'confirmed', 'seated') AND reservation_time + make_interval(mins => duration_minutes) > $2)
      AND (reservation_time, id) > (coalesce($4, '-infinity'::timestamptz), coalesce($5, 0))
    ORDER BY reservation_time, id LIMIT $6
) r LEFT JOIN guest g ON g.user_id = r.user_id
ORDER BY r.reservation_time, r.id LIMIT $6
