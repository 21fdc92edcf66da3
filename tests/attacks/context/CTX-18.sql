-- id: CTX-18
-- title: Read a tenant of another region here
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.may_enter tenancy_private.node
-- why: A cluster serves the tenants of its region and refuses the others like strangers.

-- @dba
-- ours
UPDATE tenancy_private.tenant SET region = (SELECT code FROM tenancy.region
    WHERE code <> (SELECT region FROM tenancy_private.node) LIMIT 1)
    WHERE id = '{b}';
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{b_staff_key}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
