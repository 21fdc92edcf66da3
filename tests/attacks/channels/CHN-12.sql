-- id: CHN-12
-- title: An error of a cast prints a hidden value
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: The cast runs on rows that the policy let through.

SELECT 1 FROM app.patients WHERE tenant_id <> '{a}' AND medical_history::int = 1;
