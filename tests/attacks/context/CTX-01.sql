-- id: CTX-01
-- title: Name the victim's tenant, with no credential
-- attacker: login
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy.set_tenant_context tenancy.mint_named_context
-- why: A name proves nothing. Without a context the credential of the request decides, and there is none.

-- @login
-- ours
SELECT tenancy.set_tenant_context('{b_slug}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
