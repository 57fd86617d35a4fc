-- The bookings ahead for which a table would be too small: the first 20. Joined tables seat a party by their group, or as many as they do apart.
-- $1 table, $2 how many guests it is to seat; 0 where it is to be out of use.
SELECT DISTINCT r.id, r.reservation_code, r.reservation_time FROM reservation_table h JOIN reservation r ON r.id = h.reservation_id
WHERE h.table_id = $1 AND h.start_at > now() - interval '8 hours' AND h.end_at > now() AND r.guests_count > $2
  AND (cardinality(r.table_ids) = 1 OR $2 = 0
    OR NOT EXISTS (SELECT FROM table_group g WHERE g.table_ids @> r.table_ids AND g.table_ids <@ r.table_ids)
      AND r.guests_count > $2 + (SELECT sum(t.capacity) FROM "table" t WHERE t.id = ANY(r.table_ids) AND t.id <> $1))
ORDER BY r.reservation_time, r.id LIMIT 20
