SELECT id, email, full_name, phone, role::text AS role, version, created_at, updated_at FROM "user" WHERE id = $1 FOR NO KEY UPDATE
