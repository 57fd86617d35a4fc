-- A few at a time, so that what is forgotten keeps pace with what is recorded and no login waits for it.
DELETE FROM login_failure WHERE subject IN (
    SELECT subject FROM login_failure WHERE last_failed_at < now() - interval '15 minutes'
    ORDER BY last_failed_at LIMIT 10 FOR UPDATE SKIP LOCKED
)
