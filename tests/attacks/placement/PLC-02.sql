-- id: PLC-02
-- title: Put another tenant's schema first in the search_path
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- only: throwaway
-- objects: tenancy.tenant_id app.customers
-- why: A search_path chooses a table, not a tenant.

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
SET LOCAL search_path = {b_schema};
SELECT metadata FROM customers;
