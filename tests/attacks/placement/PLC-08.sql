-- id: PLC-08
-- title: Two names that make one schema
-- attacker: insider
-- expect: blocked
-- answer: TN004
-- wins: done
-- only: throwaway
-- objects: tenancy.provision_tenant_schema tenancy_private.own_schema_of
-- why: The name is made of the uuid. Text that is sanitised or cut at 63 bytes puts two tenants into one schema.

-- @operator
-- ours
SET LOCAL ROLE tenancy_operator;
-- ours
SELECT tenancy.provision_tenant_schema('tenant_b');
-- naive
SELECT public.provision_tenant_schema('tenant_b');
