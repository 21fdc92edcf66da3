-- id: OWN-18
-- title: The owner of the tables reads the signing key
-- attacker: insider
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy_private.context_key
-- why: Three owners: a hole in a function of the tables' owner does not open credentials and keys.

-- @insider
-- ours
SELECT ipad FROM tenancy_private.context_key;
-- naive
SELECT webhook_secret FROM public.tenants;
