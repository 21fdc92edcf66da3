-- id: DOS-06
-- title: Cancel another tenant's statements
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- needs: harden
-- objects: harden
-- why: As DOS-05.

-- @victim
-- keep victim_pid
SELECT pg_backend_pid();
-- @attacker
RESET ROLE;
SELECT pg_cancel_backend({victim_pid});
