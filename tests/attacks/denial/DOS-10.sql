-- id: DOS-10
-- title: Write into the WAL at will
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: Messages fill the WAL, archives and replicas without a row that any limit would count.

SELECT pg_logical_emit_message(false, 'flood', repeat('x', 1000));
