-- For how many seconds more a subject is closed; null: it is not.
SELECT CASE WHEN count(*) >= 10 THEN ceil(extract(epoch FROM min(failure) + interval '15 minutes' - now()))::bigint END
FROM login_failure f, unnest(f.failed_at) AS failure
WHERE f.subject = $1 AND failure > now() - interval '15 minutes'
