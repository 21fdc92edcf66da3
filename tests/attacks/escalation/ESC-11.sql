-- id: ESC-11
-- title: A member of staff makes themself a manager
-- attacker: staff
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy.set_member
-- why: Staff may not execute it.

-- ours
SELECT tenancy.set_member('{a}', '{a_staff}', 'manager');
-- naive
UPDATE public.tenant_users SET role = 'manager' WHERE user_id = '{a_staff}';
