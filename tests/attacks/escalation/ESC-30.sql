-- id: ESC-30
-- title: A manager removes a member of another tenant
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: TN002
-- wins: rows
-- objects: tenancy.remove_member
-- why: The tenant named must be the tenant proven.

-- ours
SELECT tenancy.remove_member('{b}', '{b_staff}');
-- naive
DELETE FROM public.tenant_users WHERE tenant_id = 'tenant-b';
