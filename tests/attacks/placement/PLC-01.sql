-- id: PLC-01
-- title: Read another tenant's own schema by its name
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- only: throwaway
-- objects: tenancy.tenant_id app.customers
-- why: The wall stands in a schema of a tenant's own as well: privileges are of roles, and roles are of all tenants.

-- @dba
-- ours
SET LOCAL ROLE tenancy_operator;
-- ours
SELECT tenancy.provision_tenant_schema('{b}');
-- ours
RESET ROLE;
-- naive
CREATE TABLE {b_schema}.customers (LIKE app.customers INCLUDING DEFAULTS);
-- naive
GRANT ALL ON SCHEMA {b_schema} TO {app_role};
-- naive
GRANT ALL ON ALL TABLES IN SCHEMA {b_schema} TO {app_role};
INSERT INTO {b_schema}.customers (tenant_id, id, email, full_name, metadata)
VALUES ('{b}', '{b_customer}', '{b_mark}@b.example', 'Customer {b_mark}', '{"canary": "{b_mark}"}');
-- @inside
SELECT metadata FROM {b_schema}.customers;
