-- id: OBJ-16
-- title: A rule that writes with its owner's rights
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- objects: app.patients
-- why: What a rule does is checked as the owner of its table. Ours is held in the caller's tenant by FORCE.

-- @builder
CREATE TABLE app.inbox (note text);
GRANT INSERT ON app.inbox TO {app_role};
CREATE RULE copy AS ON INSERT TO app.inbox DO ALSO UPDATE app.patients SET medical_history = new.note
    WHERE tenant_id = '{b}';
-- @inside
INSERT INTO app.inbox VALUES ('ruled');
-- @judge
SELECT count(*) > 0 FROM app.patients WHERE tenant_id = '{b}' AND medical_history = 'ruled';
