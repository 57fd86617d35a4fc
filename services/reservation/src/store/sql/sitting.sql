-- Who sits at any of these tables, but for one booking, or none; where a stretch of time is given, who is there in it.
-- $1 tables, $2 the booking, $3 and $4 from when until when, or null, $5 until when a party over its time counts as there.
SELECT DISTINCT r.id, r.reservation_code, r.reservation_time FROM reservation_table h JOIN reservation r ON r.id = h.reservation_id
WHERE h.table_id = ANY($1) AND h.seated AND h.reservation_id IS DISTINCT FROM $2
  AND ($3::timestamptz IS NULL OR h.start_at < $4::timestamptz AND greatest(h.end_at, $5::timestamptz) > $3)
ORDER BY r.reservation_time, r.id
