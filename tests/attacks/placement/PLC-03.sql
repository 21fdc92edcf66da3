-- id: PLC-03
-- title: Change rows in another tenant's own schema
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- only: throwaway
-- objects: tenancy.tenant_id app.customers
-- why: UPDATE sees no row behind the wall.

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
UPDATE {b_schema}.customers SET full_name = 'attacked' WHERE id = '{b_customer}';
