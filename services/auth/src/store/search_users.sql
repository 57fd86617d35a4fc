-- Users whose folded address contains $4. A part that many have is found among the next few thousand users; only a part that is rare
-- among them is looked up in the index, which would give all its users at once.
WITH next AS MATERIALIZED (
    SELECT id, email_folded FROM "user" WHERE id > $1 AND ($2::text IS NULL OR role = $2) ORDER BY id LIMIT 5000
),
near AS MATERIALIZED (
    SELECT id FROM next WHERE strpos(email_folded, $4) > 0 ORDER BY id LIMIT $3
),
having_it AS MATERIALIZED (
    SELECT id, role FROM "user"
    WHERE (SELECT count(*) FROM near) < $3
      AND (SELECT count(*) FROM next) = 5000
      AND suffixes(email_folded) @@ prefix_query($4)
),
far AS MATERIALIZED (
    SELECT id FROM having_it WHERE id > (SELECT max(id) FROM next) AND ($2::text IS NULL OR role = $2) ORDER BY id LIMIT $3
)
SELECT id, email, full_name, phone, role::text AS role, version, created_at, updated_at
-- As an array, so that each is looked up, rather than all users before them merged with these.
FROM "user" WHERE id = ANY (ARRAY(SELECT id FROM near UNION ALL SELECT id FROM far))
ORDER BY id
LIMIT $3
