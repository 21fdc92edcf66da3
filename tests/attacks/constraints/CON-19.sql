-- id: CON-19
-- title: Move one's own row into another tenant, were the column granted
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: TN009 42501
-- wins: rows
-- objects: app.patients tenancy.tg_keep_identity
-- why: The second and the third lock of CON-18.

-- @dba
GRANT UPDATE (tenant_id) ON app.patients TO PUBLIC;
-- @inside
UPDATE app.patients SET tenant_id = '{b}' WHERE tenant_id = '{a}';
