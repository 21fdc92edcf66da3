-- id: PLC-06
-- title: Plant a function where another tenant's names are looked up
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- only: throwaway
-- objects: tenancy.own_schema
-- why: Tenant roles may use the schema and create nothing in it: what is first in a search_path must not be writable.

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
CREATE FUNCTION {b_schema}.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
