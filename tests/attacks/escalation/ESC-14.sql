-- id: ESC-14
-- title: A member of staff issues a manager's API key
-- attacker: staff
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy.issue_api_key
-- why: Staff may not execute it.

-- ours
SELECT tenancy.issue_api_key('{a}', 'secret', 'manager');
-- naive
UPDATE public.tenants SET api_keys = '{"secret": "mine"}' WHERE tenant_id = '{a}';
