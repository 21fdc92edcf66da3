-- id: ESC-19
-- title: A suspended tenant makes itself active
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy.set_tenant_status
-- why: The platform's, outside any tenant.

-- ours
SELECT tenancy.set_tenant_status('{a}', 'active', 'because we paid our bill');
-- naive
UPDATE public.tenants SET status = 'active' WHERE tenant_id = '{a}';
