-- id: OWN-03
-- title: The owner changes a tenant's rows without a context
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders
-- why: FORCE binds writes as well.

-- @insider
UPDATE app.orders SET notes = 'changed' WHERE tenant_id = '{b}';
