-- id: SEC-01
-- title: Read API keys from the registry
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy_private.api_key
-- why: Digests, in a table without a door. The sketch keeps the texts in a column of tenants.

-- ours
SELECT digest FROM tenancy_private.api_key;
-- naive
SELECT api_keys FROM public.tenants;
