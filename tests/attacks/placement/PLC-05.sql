-- id: PLC-05
-- title: Empty another tenant's own schema
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- only: throwaway
-- objects: app.customers
-- why: TRUNCATE knows no row security; nobody has it.

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
TRUNCATE {b_schema}.customers;
