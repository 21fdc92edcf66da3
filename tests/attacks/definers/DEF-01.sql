-- id: DEF-01
-- title: Call what PUBLIC may execute by default
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: any
-- objects: tenancy_private tenancy_private.context_mac tenancy_private.identify_api_key
-- why: Functions are executable by PUBLIC unless revoked; every one of ours is revoked first and then granted by name.

-- @login
-- ours
-- try
SELECT tenancy_private.context_mac('0001', '{b}');
-- ours
-- try
SELECT tenancy_private.identify_api_key('{b_manager_key}');
-- ours
-- try
SELECT tenancy_private.find_tenant('{b_slug}');
-- naive
SELECT public.provision_tenant_schema('made-by-anybody');
