-- id: ESC-17
-- title: A tenant raises its plan
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy_private.tenant
-- why: Plan and limits stand in a table without a door.

-- ours
UPDATE tenancy_private.tenant SET plan = 'enterprise' WHERE id = '{a}';
-- naive
UPDATE public.tenants SET plan = 'enterprise' WHERE tenant_id = '{a}';
