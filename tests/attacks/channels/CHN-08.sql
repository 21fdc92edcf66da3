-- id: CHN-08
-- title: Locks of other sessions
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: pg_locks tells which tables others are working on, and when.

SELECT count(*) FROM pg_locks;
