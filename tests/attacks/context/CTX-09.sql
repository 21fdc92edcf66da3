-- id: CTX-09
-- title: ROLLBACK TO SAVEPOINT reverts the context, and a write lands in the wrong tenant
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.customers
-- why: What is undone is the whole context; without one no row can be written.

-- @login
-- naive
SELECT public.set_tenant_context('{b}');
SAVEPOINT before;
-- ours
SELECT tenancy.enter('{a_staff_key}');
-- naive
SELECT public.set_tenant_context('{a}');
ROLLBACK TO SAVEPOINT before;
-- ours
INSERT INTO app.customers (full_name) VALUES ('meant for A');
-- naive
INSERT INTO app.customers (tenant_id, full_name)
    VALUES (current_setting('app.current_tenant'), 'meant for A');
