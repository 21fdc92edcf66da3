-- id: CTX-15
-- title: Enter a suspended tenant
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.may_enter tenancy.tenant_status
-- why: The status is asked at every entry, so that keys, sessions and jobs stop together.

-- @dba
-- ours
UPDATE tenancy_private.tenant SET status = 'suspended' WHERE id = '{b}';
-- naive
UPDATE public.tenants SET status = 'suspended' WHERE tenant_id = '{b}';
-- @app
-- ours
SELECT tenancy.enter('{b_staff_key}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
