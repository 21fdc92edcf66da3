-- id: OBJ-23
-- title: COPY a table out
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: COPY TO applies policies; a table without any is copied whole.

COPY app.patients TO STDOUT;
