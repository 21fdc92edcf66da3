-- id: DOS-07
-- title: Fill the shared lock table with advisory locks
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: "out of shared memory" would be every session's answer. The functions are revoked.

SELECT count(pg_advisory_xact_lock(i)) FROM generate_series(740200, 740300) AS i;
