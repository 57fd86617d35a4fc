-- Sends the link of a booking to the guest who has its code, to their address alone: five times an hour, and twenty for a network.
-- $1 code, $2 e-mail address, $3 network.
WITH asked AS MATERIALIZED (
    SELECT r AS booking FROM reservation r
    WHERE r.reservation_code = upper(btrim($1::text)) AND lower(r.contact_email) = lower(btrim($2::text))
      AND r.reservation_time + make_interval(mins => r.duration_minutes) > now() - interval '30 days'
      AND 5 > (
        SELECT count(*) FROM message m WHERE m.recipient = r.contact_email AND m.kind = 'link' AND m.created_at > now() - interval '1 hour')
      AND 20 > (
        SELECT count(*) FROM network_use n WHERE n.network = $3::text AND n.use = 'link' AND n.made_at > now() - interval '1 hour')
), counted AS (
    INSERT INTO network_use (network, use) SELECT $3::text, 'link' FROM asked
)
INSERT INTO message (kind, reservation_id, recipient, language, params, dedupe_key, due_at, expires_at)
SELECT 'link', (booking).id, (booking).contact_email, (booking).language, told_of(booking, NULL),
    concat_ws(':', (booking).id, 'link', gen_random_uuid()), clock_timestamp(), now() + interval '1 hour'
FROM asked
