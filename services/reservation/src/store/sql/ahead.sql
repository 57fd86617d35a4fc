-- The bookings of more than so many guests that hold a table and are not over: the first 20. Joined tables seat a party by their group.
-- $1 table, $2 guests.
SELECT DISTINCT r.id, r.reservation_code, r.reservation_time FROM reservation_table h JOIN reservation r ON r.id = h.reservation_id
WHERE h.table_id = $1 AND h.start_at > now() - interval '8 hours' AND h.end_at > now() AND r.guests_count > $2
  AND (cardinality(r.table_ids) = 1 OR $2 = 0)
ORDER BY r.reservation_time, r.id LIMIT 20
