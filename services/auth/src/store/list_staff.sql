-- The users of a role other than 'user': few, so that each is looked at. strpos, unlike LIKE, takes every character for itself.
SELECT id, email, full_name, phone, role::text AS role, version, created_at, updated_at
FROM "user"
WHERE role <> 'user' AND role = $2 AND id > $1 AND ($4::text IS NULL OR strpos(email_folded, $4) > 0)
ORDER BY id
LIMIT $3
