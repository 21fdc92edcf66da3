-- id: CON-01
-- title: Is this person anybody's customer? The e-mail address
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: The unique index starts with tenant_id. A global one answers for all tenants.

-- hit
INSERT INTO app.customers (tenant_id, email, full_name)
    VALUES ('{a}', '{b_mark}@{b_slug}.example', 'x');
-- miss
INSERT INTO app.customers (tenant_id, email, full_name)
    VALUES ('{a}', 'nobody@nobody.example', 'x');
