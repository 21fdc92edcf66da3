-- id: CON-08
-- title: The DETAIL of an error prints the row
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: "Failing row contains (…)" can only be about a row that the statement reached.

UPDATE app.patients SET full_name = NULL WHERE tenant_id <> '{a}';
