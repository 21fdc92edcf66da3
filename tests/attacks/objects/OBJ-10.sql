-- id: OBJ-10
-- title: A materialized view
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers
-- why: No policy can be put on it; but its owner sees nothing without a context, so there is nothing in it.

-- @builder
CREATE MATERIALIZED VIEW app.report AS SELECT metadata FROM app.customers;
GRANT SELECT ON app.report TO {app_role};
-- @inside
SELECT metadata FROM app.report;
