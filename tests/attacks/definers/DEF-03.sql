-- id: DEF-03
-- title: Give a definer another tenant's id
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: TN002
-- wins: any
-- objects: tenancy.list_members tenancy.list_api_keys tenancy.issue_api_key tenancy.set_member tenancy.remove_member tenancy.revoke_api_key tenancy_private.may_administer
-- why: A parameter never overrides the context: the tenant named must be the tenant proven. The sketch's export takes any id.

-- ours
-- try
SELECT tenancy.list_members('{b}');
-- ours
-- try
SELECT tenancy.list_api_keys('{b}');
-- ours
-- try
SELECT tenancy.issue_api_key('{b}', 'secret', 'manager');
-- ours
-- try
SELECT tenancy.set_member('{b}', '{a_staff}', 'manager');
-- ours
-- try
SELECT tenancy.remove_member('{b}', '{b_staff}');
-- ours
-- try
SELECT tenancy.revoke_api_key('{b}', '{b_key_staff}');
-- naive
SELECT public.export_customer('{b_customer}');
