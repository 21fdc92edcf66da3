-- id: ESC-15
-- title: A manager issues an API key for another tenant
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: TN002
-- wins: rows
-- objects: tenancy.issue_api_key tenancy_private.may_administer
-- why: The tenant of a key is the tenant of the context.

-- ours
SELECT tenancy.issue_api_key('{b}', 'secret', 'manager');
-- naive
UPDATE public.tenants SET api_keys = '{"secret": "mine"}' WHERE tenant_id = '{b}';
