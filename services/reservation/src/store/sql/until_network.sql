-- In how many seconds fewer bookings without an account were made from a network within an hour.
-- $1 network, $2 the limit.
SELECT ceil(extract(epoch FROM made_at + interval '1 hour' - now()))::bigint FROM network_use
WHERE network = $1 AND use = 'booking' AND made_at > now() - interval '1 hour' ORDER BY made_at DESC OFFSET $2 - 1 LIMIT 1
