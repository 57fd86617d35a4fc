-- Removes a table that never had a booking.
-- $1 table.
-- In order, so that the planner takes the index: for a table of which there are many bookings it would scan them all, and expect to find one
-- soon.
DELETE FROM "table" WHERE id = $1
AND (SELECT r.id FROM reservation r WHERE r.table_id = $1 ORDER BY r.table_id, r.status LIMIT 1) IS NULL
