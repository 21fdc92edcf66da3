-- id: OBJ-01
-- title: Read a table that the sketch forgot: patients
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: A table in a protected schema that is not registered fails `tenancy check`.

SELECT full_name, ssn, medical_history FROM app.patients;
