-- The bookings whose code, or whose guest's name, e-mail address or phone number contains a text, the latest first, each with its guest. A text
-- that many have is found among the next two thousand bookings; only one that is rare among them is looked up in the indexes, which give all
-- that have it at once. Each state is read in order, and no more of it than the merge of them wants.
-- $1 text in lower case, $2 the same as a pattern, $3 and $4 time and id of the last row of the page before, or null, $5 rows.
WITH next AS MATERIALIZED (
    SELECT id, reservation_time, user_id, searched(reservation_code, contact_name, contact_email, contact_phone) AS own FROM (
        (SELECT * FROM reservation WHERE status = 'pending' AND (reservation_time, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 0))
         ORDER BY reservation_time DESC, id DESC LIMIT 2000)
        UNION ALL
        (SELECT * FROM reservation WHERE status = 'confirmed' AND (reservation_time, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 0))
         ORDER BY reservation_time DESC, id DESC LIMIT 2000)
        UNION ALL
        (SELECT * FROM reservation WHERE status = 'seated' AND (reservation_time, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 0))
         ORDER BY reservation_time DESC, id DESC LIMIT 2000)
        UNION ALL
        (SELECT * FROM reservation WHERE status = 'completed' AND (reservation_time, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 0))
         ORDER BY reservation_time DESC, id DESC LIMIT 2000)
        UNION ALL
        (SELECT * FROM reservation WHERE status = 'cancelled' AND (reservation_time, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 0))
         ORDER BY reservation_time DESC, id DESC LIMIT 2000)
        UNION ALL
        (SELECT * FROM reservation WHERE status = 'no_show' AND (reservation_time, id) < (coalesce($3, 'infinity'::timestamptz), coalesce($4, 0))
         ORDER BY reservation_time DESC, id DESC LIMIT 2000)
    ) r ORDER BY reservation_time DESC, id DESC LIMIT 2000
), near AS MATERIALIZED (
    SELECT id, reservation_time FROM next LEFT JOIN LATERAL (SELECT * FROM guest g WHERE g.user_id = next.user_id OFFSET 0) g ON true
    WHERE strpos(own, $1) > 0 OR strpos(searched('', g.full_name, g.email, g.phone), $1) > 0
    ORDER BY reservation_time DESC, id DESC LIMIT $5
), having_it AS MATERIALIZED (
    SELECT id, reservation_time FROM reservation
    WHERE (SELECT count(*) FROM near) < $5 AND (SELECT count(*) FROM next) = 2000
      AND searched(reservation_code, contact_name, contact_email, contact_phone) LIKE $2
    UNION
    SELECT r.id, r.reservation_time FROM guest g
    CROSS JOIN LATERAL (SELECT id, reservation_time FROM reservation WHERE user_id = g.user_id OFFSET 0) r
    WHERE (SELECT count(*) FROM near) < $5 AND (SELECT count(*) FROM next) = 2000
      AND searched('', g.full_name, g.email, g.phone) LIKE $2
), far AS MATERIALIZED (
    SELECT id, reservation_time FROM having_it
    WHERE (reservation_time, id) < (SELECT reservation_time, id FROM next ORDER BY reservation_time, id LIMIT 1)
    ORDER BY reservation_time DESC, id DESC LIMIT $5
), found AS MATERIALIZED (
    SELECT * FROM (SELECT * FROM near UNION ALL SELECT * FROM far) AS both_of_them
    ORDER BY reservation_time DESC, id DESC LIMIT $5
)
SELECT r.*, g.user_id AS guest_id, g.full_name, g.email, g.phone, c.full_name AS changed_by_name FROM found
CROSS JOIN LATERAL (SELECT * FROM reservation WHERE id = found.id OFFSET 0) r
LEFT JOIN LATERAL (SELECT * FROM guest WHERE user_id = r.user_id OFFSET 0) g ON true
LEFT JOIN LATERAL (SELECT * FROM guest WHERE user_id = r.changed_by_user OFFSET 0) c ON true
ORDER BY r.reservation_time DESC, r.id DESC
