-- id: CTX-17
-- title: Use an expired API key
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.identify_api_key
-- why: A key ends by itself; keys without an end do not exist.

-- @dba
-- ours
UPDATE tenancy_private.api_key SET expires_at = now() - interval '1 second' WHERE tenant_id = '{b}';
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{b_staff_key}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
