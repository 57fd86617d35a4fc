-- What a login is held against: the user of a folded address, if there is one, and for how many seconds more the address is closed.
SELECT u.id, u.password_hash, u.password_change_required, u.role::text AS role, closed.seconds AS closed_for
FROM (SELECT $1::text AS email_folded) AS given
LEFT JOIN "user" u USING (email_folded)
LEFT JOIN LATERAL (
    SELECT CASE WHEN count(*) >= 10 THEN ceil(extract(epoch FROM min(failure) + interval '15 minutes' - now()))::bigint END AS seconds
    FROM login_failure f, unnest(f.failed_at) AS failure
    WHERE f.subject = $2 AND failure > now() - interval '15 minutes'
) AS closed ON true
