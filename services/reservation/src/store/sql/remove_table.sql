-- Removes a table that never had a booking nor a block.
-- $1 table.
-- In order, so that the planner takes an index: where there are many bookings it would scan them all, and expect to find one soon.
DELETE FROM "table" WHERE id = $1
AND (SELECT r.id FROM reservation r WHERE r.table_id = $1 ORDER BY r.table_id, r.status LIMIT 1) IS NULL
AND (SELECT r.id FROM reservation r WHERE cardinality(r.table_ids) > 1 AND $1 = ANY(r.table_ids)
     ORDER BY r.status, r.reservation_time, r.id LIMIT 1) IS NULL
AND NOT EXISTS (SELECT FROM block b WHERE $1 = ANY(b.table_ids))
