-- Who sits at any of these tables, but for one booking, or none.
-- $1 tables, $2 the booking.
SELECT DISTINCT r.id, r.reservation_code, r.reservation_time FROM reservation_table h JOIN reservation r ON r.id = h.reservation_id
WHERE h.table_id = ANY($1) AND h.seated AND h.reservation_id IS DISTINCT FROM $2 ORDER BY r.reservation_time, r.id
