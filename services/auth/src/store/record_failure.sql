-- No row is written where ten failures of the last 15 minutes are there already.
INSERT INTO login_failure AS f (subject, failed_at, last_failed_at)
VALUES ($1, ARRAY[now()], now())
ON CONFLICT (subject) DO UPDATE
SET last_failed_at = now(),
    failed_at = ARRAY(SELECT failure FROM unnest(f.failed_at) AS failure WHERE failure > now() - interval '15 minutes') || now()
WHERE (SELECT count(*) FROM unnest(f.failed_at) AS failure WHERE failure > now() - interval '15 minutes') < 10
