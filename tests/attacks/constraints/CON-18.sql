-- id: CON-18
-- title: Move one's own row into another tenant
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: app.patients
-- why: tenant_id is in no UPDATE grant; WITH CHECK and a trigger stand behind that.

UPDATE app.patients SET tenant_id = '{b}' WHERE tenant_id = '{a}';
