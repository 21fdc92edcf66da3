-- id: OBJ-07
-- title: Read the list of tenants
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: tenancy_private.tenant
-- why: The registry of tenants has no door for application roles.

-- ours
SELECT to_jsonb(t.*) FROM tenancy_private.tenant AS t;
-- naive
SELECT to_jsonb(t.*) FROM public.tenants AS t;
