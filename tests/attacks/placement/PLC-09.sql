-- id: PLC-09
-- title: Count the tenants that have a schema of their own
-- attacker: injected
-- expect: residual
-- wins: any
-- remedy: Keep tenants that must not be counted in the shared tables, or alone in a database.
-- only: throwaway
-- objects: tenancy.own_schema
-- why: pg_namespace is readable by everybody; the names are ids, of which nobody learns a name or a customer.

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
-- ours
SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$';
-- naive
SELECT nspname FROM pg_namespace WHERE nspname ~ '^tenant_';
