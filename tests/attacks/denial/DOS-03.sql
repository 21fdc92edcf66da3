-- id: DOS-03
-- title: Lock rows of another tenant
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: nothing
-- wins: error
-- objects: app.patients
-- why: SELECT … FOR UPDATE locks what it sees.

SELECT 1 FROM app.patients WHERE tenant_id = '{b}' FOR UPDATE;
-- @victim
SET LOCAL lock_timeout = '50ms';
UPDATE app.patients SET full_name = 'renamed' WHERE id = '{b_patient}';
