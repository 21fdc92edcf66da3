-- id: EVI-09
-- title: Open a ticket that outlasts the shift
-- attacker: insider
-- expect: blocked
-- answer: TN004
-- wins: done
-- objects: tenancy.open_admin_session
-- why: At most eight hours, and a constraint behind the function says so too.

-- @console
-- ours
SELECT tenancy.open_admin_session('{b}', 'for as long as I like', 100000);
-- naive
SELECT public.set_tenant_context('{b}');
