-- One booking, where it is among those that a user with an account would be listed.
-- $1 booking, $2 and $3 time and id of the last row of the page before, or null, $4 rows, $5 which: upcoming, past or all, $6 version of its links.
SELECT r.* FROM reservation r
CROSS JOIN LATERAL (
    SELECT status IN ('pending', 'confirmed', 'seated') AND reservation_time + make_interval(mins => duration_minutes) > now() AS is_upcoming
) AS state
WHERE id = $1 AND link_version = $6 AND $2::timestamptz IS NULL AND $3::integer IS NULL AND ($5 = 'all' OR is_upcoming = ($5 = 'upcoming')) LIMIT $4
