-- No row: another replica recorded it meanwhile. $3 is the hash that was there before, NULL where there was none.
INSERT INTO administrator_declaration AS d (email_folded, password_hash)
VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE
SET email_folded = EXCLUDED.email_folded, password_hash = EXCLUDED.password_hash, declared_at = now()
WHERE d.password_hash = $3
