-- The house, at its version.
SELECT version, rules, schedule, pause_until, declared,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('from', from_date, 'until', until_date, 'services', services)), '[]')
     FROM exception) AS exceptions,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'online', online, 'position', position)), '[]') FROM area) AS areas,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'table_number', table_number, 'capacity', capacity, 'min_party', min_party,
         'area_id', area_id, 'online', online)), '[]')
     FROM "table" WHERE is_active) AS tables,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'table_ids', table_ids, 'capacity', capacity, 'min_party', min_party)), '[]')
     FROM table_group) AS groups
FROM house
