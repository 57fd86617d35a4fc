UPDATE "user"
SET role = $2, version = version + 1, updated_at = greatest(clock_timestamp(), updated_at)
WHERE id = $1
RETURNING id, email, full_name, phone, role::text AS role, version, created_at, updated_at
