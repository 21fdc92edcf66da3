-- id: SEC-03
-- title: A manager lists keys to read one again
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: nothing
-- wins: ~ sk_(live|attack)_[0-9a-z]
-- objects: tenancy.list_api_keys
-- why: A key is shown once.

-- ours
SELECT k.* FROM tenancy.list_api_keys('{a}') AS k;
-- naive
SELECT api_keys FROM public.tenants WHERE tenant_id = '{a}';
