-- id: ESC-12
-- title: A manager changes their own role
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: TN002
-- wins: rows
-- objects: tenancy.set_member
-- why: Another manager does that.

-- ours
SELECT tenancy.set_member('{a}', '{a_manager}', 'staff');
-- naive
UPDATE public.tenant_users SET role = 'owner' WHERE user_id = '{a_manager}';
