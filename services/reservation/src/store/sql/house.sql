-- The bookings of the house, the soonest first, each with its guest.
-- There is one lower bound: with two, the index would be read from that of time and id on, even where that of the time is later. And CASE
-- in place of OR, which would have the whole index gathered and sorted rather than read in order for as long as rows are wanted.
-- $1 states, $2 and $3 from when until when they begin, or null; one that begins up to 8 hours before is listed while it holds a table
-- after that. $4 and $5 time and id of the last row of the page before, or null, $6 rows.
SELECT r.*, g.user_id AS guest_id, g.full_name, g.email, g.phone, c.full_name AS changed_by_name FROM unnest($1::text[]) AS state
CROSS JOIN LATERAL (
    SELECT * FROM reservation WHERE status = state
      AND reservation_time < coalesce($3, 'infinity'::timestamptz)
      AND CASE WHEN reservation_time >= coalesce($2, '-infinity'::timestamptz) THEN true
          ELSE status IN ('pending', 'confirmed', 'seated') AND reservation_time + make_interval(mins => duration_minutes) > $2 END
      AND (reservation_time, id) > (greatest($4, $2 - interval '8 hours', '-infinity'),
                                    CASE WHEN $4 >= coalesce($2 - interval '8 hours', '-infinity') THEN $5 ELSE 2147483647 END)
    ORDER BY reservation_time, id LIMIT $6
) r LEFT JOIN guest g ON g.user_id = r.user_id LEFT JOIN guest c ON c.user_id = r.changed_by_user
ORDER BY r.reservation_time, r.id LIMIT $6
