-- id: CHN-18
-- title: Export a snapshot to another session
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: It holds back VACUUM for all and is of use to no application.

SELECT pg_export_snapshot();
