-- id: CON-04
-- title: Is this id in use? The primary key
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: Primary keys are (tenant_id, id).

-- hit
INSERT INTO app.customers (tenant_id, id, full_name) VALUES ('{a}', '{b_customer}', 'x');
-- miss
INSERT INTO app.customers (tenant_id, id, full_name)
    VALUES ('{a}', '00000000-0000-4000-8000-000000000000', 'x');
