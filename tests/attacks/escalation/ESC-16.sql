-- id: ESC-16
-- title: An administrator's key, issued by a manager
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 23514
-- wins: rows
-- objects: tenancy_private.api_key tenancy.issue_api_key
-- why: A key has the role of a member; an administrator's is none.

-- ours
SELECT tenancy.issue_api_key('{a}', 'secret', 'admin');
-- naive
UPDATE public.tenants SET api_keys = '{"admin": "mine"}' WHERE tenant_id = '{a}';
