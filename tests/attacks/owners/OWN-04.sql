-- id: OWN-04
-- title: The owner writes rows without a context
-- attacker: insider
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: app.customers
-- why: WITH CHECK of the wall holds for the owner; a forgotten context cannot create rows in some tenant.

-- @insider
INSERT INTO app.customers (tenant_id, full_name) VALUES ('{b}', 'planted');
