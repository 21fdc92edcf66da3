-- id: EVI-10
-- title: Open a ticket without a reason
-- attacker: insider
-- expect: blocked
-- answer: TN004
-- wins: done
-- objects: tenancy.open_admin_session
-- why: The reason is what a reviewer reads.

-- @console
-- ours
SELECT tenancy.open_admin_session('{b}', '          ', 5);
-- naive
SELECT public.set_tenant_context('{b}');
