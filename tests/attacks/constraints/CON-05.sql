-- id: CON-05
-- title: ON CONFLICT DO NOTHING counts
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: "0 rows" says that somebody has it, without an error in any log.

-- hit
INSERT INTO app.customers (tenant_id, email, full_name)
    VALUES ('{a}', '{b_mark}@{b_slug}.example', 'x')
    ON CONFLICT DO NOTHING;
-- miss
INSERT INTO app.customers (tenant_id, email, full_name) VALUES ('{a}', 'nobody@nobody.example', 'x')
    ON CONFLICT DO NOTHING;
