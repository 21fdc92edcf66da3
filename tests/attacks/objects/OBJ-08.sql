-- id: OBJ-08
-- title: A view without security_invoker
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers
-- why: A view reads with the rights of its owner. Ours is bound by FORCE, so that even this view shows one tenant.

-- @builder
CREATE VIEW app.report AS SELECT metadata FROM app.customers;
GRANT SELECT ON app.report TO {app_role};
-- @inside
SELECT metadata FROM app.report;
