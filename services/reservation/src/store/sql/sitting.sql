-- Who sits at a table, but for one booking.
-- $1 table, $2 the booking.
SELECT r.id, r.reservation_code, r.reservation_time FROM reservation_table h JOIN reservation r ON r.id = h.reservation_id
WHERE h.table_id = $1 AND h.seated AND h.reservation_id <> $2 ORDER BY r.reservation_time, r.id
