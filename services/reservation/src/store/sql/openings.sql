-- The active tables, in the order in which the house gives them out, each with what holds it within a span.
-- $1 from, $2 until, $3 a booking that does not count, or null.
SELECT t.id, t.table_number, t.capacity, held.starts, held.ends, sitting.start_at AS seated_from, sitting.end_at AS seated_until
FROM "table" t
CROSS JOIN LATERAL (
    SELECT array_agg(h.start_at) AS starts, array_agg(h.end_at) AS ends FROM reservation_table h
    WHERE h.table_id = t.id AND h.start_at > $1::timestamptz - interval '8 hours' AND h.start_at < $2 AND h.end_at > $1
      AND h.reservation_id IS DISTINCT FROM $3
) held
LEFT JOIN reservation_table sitting ON sitting.table_id = t.id AND sitting.seated AND sitting.reservation_id IS DISTINCT FROM $3
WHERE t.is_active ORDER BY t.capacity, t.table_number
