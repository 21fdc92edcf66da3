-- id: CTX-28
-- title: Enter as a job, with the application's login
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy.enter_system tenancy.mint_system_context
-- why: Jobs have a login of their own; what they need no credential for is not granted to others.

-- @login
-- ours
SELECT tenancy.mint_system_context('{b}', 'retention');
-- naive
SELECT public.set_tenant_context('{b}');
