-- id: PLC-07
-- title: Make a schema for a tenant that is yet to come
-- attacker: user
-- expect: blocked
-- answer: 42501
-- wins: done
-- only: throwaway
-- objects: tenancy.provision_tenant_schema
-- why: Only the platform makes schemas, and only of tenants that exist.

-- ours
SELECT tenancy.provision_tenant_schema('{b}');
-- naive
SELECT public.provision_tenant_schema('the-next-one');
