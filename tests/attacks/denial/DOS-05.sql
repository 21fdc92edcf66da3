-- id: DOS-05
-- title: End another tenant's session
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- needs: harden
-- objects: harden
-- why: All tenants share a login, and a role may end its own sessions. The function is revoked.

-- @victim
-- keep victim_pid
SELECT pg_backend_pid();
-- @attacker
RESET ROLE;
SELECT pg_terminate_backend({victim_pid});
