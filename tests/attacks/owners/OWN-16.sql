-- id: OWN-16
-- title: A tenant role is given pg_read_all_data
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients app.customers
-- why: It replaces grants, not policies: a table without a wall would be open, and none is.

-- @dba
GRANT pg_read_all_data TO {app_role};
-- @inside
SELECT metadata FROM app.patients WHERE tenant_id = '{b}'
UNION ALL SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
