-- Forgets the failures of a subject, unless they have closed it: then for how many seconds more.
WITH failures AS (
    SELECT f.subject, (
        SELECT CASE WHEN count(*) >= 10 THEN ceil(extract(epoch FROM min(failure) + interval '15 minutes' - now()))::bigint END
        FROM unnest(f.failed_at) AS failure WHERE failure > now() - interval '15 minutes'
    ) AS closed_for
    FROM login_failure f WHERE f.subject = $1 FOR UPDATE
),
forgotten AS (
    DELETE FROM login_failure WHERE subject IN (SELECT subject FROM failures WHERE closed_for IS NULL)
)
SELECT closed_for FROM failures WHERE closed_for IS NOT NULL
