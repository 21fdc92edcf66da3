-- id: OWN-17
-- title: A superuser reads everything
-- attacker: insider
-- expect: residual
-- wins: canary
-- why: Row security does not bind a superuser, nor a role with BYPASSRLS.
-- remedy: No superuser among the logins of applications and people; log their sessions outside the database;
--   encrypt what even they must not read.

-- @superuser
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
