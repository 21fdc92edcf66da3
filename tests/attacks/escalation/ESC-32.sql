-- id: ESC-32
-- title: A tenant opens a ticket for another tenant
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy.open_admin_session
-- why: Only the console's login may.

-- ours
SELECT tenancy.open_admin_session('{b}', 'a reason of ten letters', 5);
-- naive
SELECT public.set_tenant_context('{b}');
