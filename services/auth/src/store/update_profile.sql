-- The time is that of the change and not of the transaction's begin, which may have waited for the row; and whatever the clock does, a
-- later version has no earlier time.
UPDATE "user"
SET full_name = $2, phone = $3, version = version + 1, updated_at = greatest(clock_timestamp(), updated_at)
WHERE id = $1
RETURNING id, email, full_name, phone, role::text AS role, version, created_at, updated_at
