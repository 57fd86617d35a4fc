-- Adds to what begins in a quarter of an hour, unless that raises it above a limit.
-- $1 quarter, $2 guests and $3 parties, $4 and $5 the limits of each, or null.
INSERT INTO pacing AS p (bucket, covers, parties)
SELECT $1, $2::integer, $3::integer WHERE coalesce($2 <= $4, true) AND coalesce($3 <= $5, true)
ON CONFLICT (bucket) DO UPDATE SET covers = p.covers + excluded.covers, parties = p.parties + excluded.parties
WHERE coalesce(p.covers + excluded.covers <= $4, true) AND (excluded.parties = 0 OR coalesce(p.parties + excluded.parties <= $5, true))
