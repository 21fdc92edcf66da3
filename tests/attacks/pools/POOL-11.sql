-- id: POOL-11
-- title: Enter, and let the next client of the transaction pool work in it
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.customers
-- why: A client that entered in one transaction and writes in the next finds no context, on whatever connection.

COMMIT;
-- @next none
-- ours
INSERT INTO app.customers (full_name) VALUES ('lands somewhere');
-- naive
INSERT INTO app.customers (tenant_id, full_name)
    VALUES (current_setting('app.current_tenant'), 'lands somewhere');
