INSERT INTO "user" (email, email_folded, password_hash, role)
VALUES ($1, $2, $3, 'admin')
RETURNING id, email, full_name, phone, role::text AS role, version, created_at, updated_at
