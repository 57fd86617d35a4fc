-- Notes who a user is, unless a later version is known already.
-- $1 user, $2 e-mail, $3 name, $4 phone, $5 version, $6 role.
INSERT INTO guest (user_id, email, full_name, phone, version, role) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, full_name = excluded.full_name, phone = excluded.phone,
    version = excluded.version, role = excluded.role
WHERE guest.version < excluded.version
