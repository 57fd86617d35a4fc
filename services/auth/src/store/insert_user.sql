-- No row: the address belongs to another account. It is looked for first, so that a refusal uses up no id; a race is decided by the
-- unique index.
INSERT INTO "user" (email, email_folded, password_hash, full_name, phone, role, password_change_required)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE NOT EXISTS (SELECT FROM "user" WHERE email_folded = $2)
ON CONFLICT (email_folded) DO NOTHING
RETURNING id, email, full_name, phone, role::text AS role, version, created_at, updated_at
