-- id: PLC-04
-- title: Leave a row of one's own in another tenant's schema
-- attacker: injected
-- expect: blocked
-- answer: TN040
-- wins: rows
-- only: throwaway
-- objects: tenancy.tg_refuse_misplaced
-- why: Its owner would never find it, and the schema could not be dropped. The placement is signed with the context.

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
INSERT INTO {b_schema}.customers (tenant_id, id, email, full_name)
VALUES ('{a}', '{a_guest}', 'x@a.example', 'left behind');
