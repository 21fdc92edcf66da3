-- id: CON-06
-- title: An upsert on another tenant's id
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: The arbiter index contains tenant_id, so that there is nothing to conflict with.

-- ours
-- hit
INSERT INTO app.customers (tenant_id, id, full_name) VALUES ('{a}', '{b_customer}', 'x')
    ON CONFLICT (tenant_id, id) DO UPDATE SET full_name = 'x';
-- ours
-- miss
INSERT INTO app.customers (tenant_id, id, full_name)
    VALUES ('{a}', '00000000-0000-4000-8000-000000000000', 'x')
    ON CONFLICT (tenant_id, id) DO UPDATE SET full_name = 'x';
-- naive
-- hit
INSERT INTO app.customers (tenant_id, id, full_name) VALUES ('{a}', '{b_customer}', 'x')
    ON CONFLICT (id) DO UPDATE SET full_name = 'x';
-- naive
-- miss
INSERT INTO app.customers (tenant_id, id, full_name)
    VALUES ('{a}', '00000000-0000-4000-8000-000000000000', 'x')
    ON CONFLICT (id) DO UPDATE SET full_name = 'x';
