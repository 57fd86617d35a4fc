-- An event that arrives late tells nothing new.
INSERT INTO user_reservation (reservation_id, user_id, status, reservation_time, version)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (reservation_id) DO UPDATE
SET user_id = EXCLUDED.user_id, status = EXCLUDED.status, reservation_time = EXCLUDED.reservation_time, version = EXCLUDED.version
WHERE user_reservation.version < EXCLUDED.version
