-- id: OBJ-24
-- title: COPY rows in
-- attacker: injected
-- expect: blocked
-- answer: 0A000
-- wins: done
-- objects: app.patients
-- why: PostgreSQL refuses COPY FROM under row security; a table without it takes any tenant_id.

COPY app.patients (tenant_id, full_name) FROM STDIN;
