-- What each of the users has done, in the order of their ids.
SELECT given.id AS user_id, coalesce(a.visits, 0) AS visits, coalesce(a.no_shows, 0) AS no_shows,
       coalesce(a.cancellations, 0) AS cancellations, ahead.reservation_time AS next_reservation_time
FROM unnest($1::integer[]) AS given (id)
LEFT JOIN user_activity a ON a.user_id = given.id
LEFT JOIN LATERAL (
    SELECT reservation_time FROM user_reservation r
    WHERE r.user_id = given.id AND r.status IN ('pending', 'confirmed', 'seated') AND r.reservation_time > now()
    ORDER BY reservation_time LIMIT 1
) AS ahead ON true
ORDER BY given.id
