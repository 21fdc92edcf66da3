-- id: CON-07
-- title: MERGE on another tenant's id
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: The hidden row is not matched, and the insert that follows collides only where keys are global.

-- ours
-- hit
MERGE INTO app.customers AS c USING (SELECT '{b_customer}'::uuid AS id) AS s ON c.id = s.id
    WHEN MATCHED THEN UPDATE SET notes = 'x'
    WHEN NOT MATCHED THEN INSERT (tenant_id, id, full_name) VALUES ('{a}', s.id, 'x');
-- ours
-- miss
MERGE INTO app.customers AS c
    USING (SELECT '00000000-0000-4000-8000-000000000000'::uuid AS id) AS s ON c.id = s.id
    WHEN MATCHED THEN UPDATE SET notes = 'x'
    WHEN NOT MATCHED THEN INSERT (tenant_id, id, full_name) VALUES ('{a}', s.id, 'x');
-- naive
-- hit
MERGE INTO app.customers AS c USING (SELECT '{b_customer}' AS id) AS s ON c.id = s.id
    WHEN MATCHED THEN UPDATE SET notes = 'x'
    WHEN NOT MATCHED THEN INSERT (tenant_id, id, full_name) VALUES ('{a}', s.id, 'x');
-- naive
-- miss
MERGE INTO app.customers AS c
    USING (SELECT '00000000-0000-4000-8000-000000000000' AS id) AS s ON c.id = s.id
    WHEN MATCHED THEN UPDATE SET notes = 'x'
    WHEN NOT MATCHED THEN INSERT (tenant_id, id, full_name) VALUES ('{a}', s.id, 'x');
