-- id: EVI-15
-- title: Switch triggers off by session_replication_role
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- naive: blocked
-- why: Only a superuser may, in any design. Kept: GRANT SET ON PARAMETER would open it.

SET LOCAL session_replication_role = replica;
