-- id: CON-17
-- title: A write with an invisible row as its source
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.patients app.pins
-- why: INSERT … SELECT reads through the same wall.

INSERT INTO app.pins (tenant_id, title) SELECT '{a}', left(medical_history, 100) FROM app.patients
    WHERE tenant_id = '{b}';
