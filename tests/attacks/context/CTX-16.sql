-- id: CTX-16
-- title: Use a revoked API key
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.identify_api_key
-- why: Keys are looked up at every entry; the naive context is never bound to one.

-- @dba
-- ours
UPDATE tenancy_private.api_key SET revoked_at = now() WHERE tenant_id = '{b}';
-- naive
UPDATE public.tenants SET api_keys = NULL WHERE tenant_id = '{b}';
-- @app
-- ours
SELECT tenancy.enter('{b_staff_key}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
