SELECT id, email, full_name, phone, role::text AS role, version, created_at, updated_at
FROM "user"
WHERE id > $1 AND ($2::text IS NULL OR role = $2)
ORDER BY id
LIMIT $3
