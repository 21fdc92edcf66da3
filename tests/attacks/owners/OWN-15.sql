-- id: OWN-15
-- title: A tenant role is given BYPASSRLS
-- attacker: insider
-- expect: detected
-- wins: canary
-- objects: roles
-- why: Nothing in a database stops a superuser from saying so; a check finds every application role above row security.

-- @dba
ALTER ROLE {app_role} BYPASSRLS;
-- @inside
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
-- @evidence role_above_row_security
SELECT 1;
