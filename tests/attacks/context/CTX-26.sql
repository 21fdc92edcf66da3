-- id: CTX-26
-- title: Set PostgREST's request.jwt.claims oneself
-- attacker: injected
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.request_credential tenancy.mint_named_context
-- why: Claims in a setting are as forgeable as any setting; only the raw token counts.

-- @login
-- ours
SET LOCAL request.jwt.claims = '{"tenant": "{b}", "role": "manager", "sub": "{b_manager}"}';
-- ours
SELECT tenancy.set_tenant_context('{b_slug}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
