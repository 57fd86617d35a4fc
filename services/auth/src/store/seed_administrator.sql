-- A guest who registered the address first does not keep a password to an administrator's account. No row: an administrator already.
INSERT INTO "user" AS u (email, email_folded, password_hash, role)
VALUES ($1, $2, $3, 'admin')
ON CONFLICT (email_folded) DO UPDATE
SET role = 'admin', password_hash = EXCLUDED.password_hash, version = u.version + 1,
    updated_at = greatest(clock_timestamp(), u.updated_at)
WHERE u.role <> 'admin'
RETURNING id, email, full_name, phone, role::text AS role, version, created_at, updated_at
