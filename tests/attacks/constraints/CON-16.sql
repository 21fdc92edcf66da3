-- id: CON-16
-- title: RETURNING of a write without a WHERE
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: A forgotten WHERE reaches the own tenant only.

UPDATE app.patients SET medical_history = 'none' RETURNING metadata;
