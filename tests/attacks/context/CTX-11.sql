-- id: CTX-11
-- title: Leave one tenant and enter another in the same transaction
-- attacker: user
-- expect: blocked
-- answer: TN003
-- wins: done
-- objects: tenancy_private.sign_context tenancy.retire_context
-- why: leave() replaces the context by its signed end, which still names the first tenant.

-- ours
SELECT tenancy.leave();
-- ours
SELECT tenancy.enter('{b_staff_key}');
-- naive
SELECT public.set_tenant_context('');
-- naive
SELECT public.set_tenant_context('{b}');
