-- id: POOL-10
-- title: lastval() of the client before
-- attacker: user
-- expect: blocked
-- answer: 55000
-- wins: rows
-- objects: app.orders
-- why: It tells a number the tenant before was given. There is no sequence to have drawn it from.

-- @next
INSERT INTO app.orders (tenant_id, order_number) VALUES ('{b}', 'counted');
ROLLBACK;
-- @next none
SELECT lastval();
