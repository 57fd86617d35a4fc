-- The house, at its version.
SELECT version, rules, schedule, pause_until, declared,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('from', from_date, 'until', until_date, 'services', services)), '[]')
     FROM exception) AS exceptions,
    (SELECT coalesce(jsonb_agg(to_jsonb(area)), '[]') FROM area) AS areas,
    (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM "table" t WHERE is_active) AS tables,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'table_ids', table_ids, 'capacity', capacity, 'min_party', min_party)), '[]')
     FROM table_group) AS groups
FROM house
