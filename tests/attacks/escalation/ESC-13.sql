-- id: ESC-13
-- title: A manager makes somebody an administrator
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 23514
-- wins: rows
-- objects: tenancy_private.member tenancy.set_member
-- why: No membership has that role; administrators enter by tickets.

-- ours
SELECT tenancy.set_member('{a}', '{a_staff}', 'admin');
-- naive
UPDATE public.tenant_users SET role = 'admin' WHERE user_id = '{a_staff}';
