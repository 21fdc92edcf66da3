-- id: CHN-14
-- title: Does a tenant of this name exist? Naming it from inside another
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: differs
-- objects: tenancy.mint_named_context
-- why: The same refusal for a tenant one is no member of and for none.

-- ours
-- hit
SELECT tenancy.set_tenant_context('{b_slug}');
-- ours
-- miss
SELECT tenancy.set_tenant_context('nobody');
-- naive
-- hit
SELECT status FROM public.tenants WHERE tenant_id = '{b}';
-- naive
-- miss
SELECT status FROM public.tenants WHERE tenant_id = 'nobody';
