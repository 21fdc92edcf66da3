-- id: OBJ-09
-- title: A view that a superuser owns
-- attacker: user
-- expect: residual
-- wins: canary
-- why: A view reads with the rights of its owner, and row security does not bind a superuser.
-- remedy: Create objects as their owner, never as a superuser; WITH (security_invoker) on every view.

-- @dba
CREATE VIEW app.report AS SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
GRANT SELECT ON app.report TO {app_role};
-- @inside
SELECT metadata FROM app.report WHERE metadata ->> 'canary' = '{b_mark}';
