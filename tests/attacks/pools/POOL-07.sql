-- id: POOL-07
-- title: Leave an advisory lock behind
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- needs: harden
-- objects: harden
-- why: A lock of the session outlives the transaction and stops another tenant's job.

SELECT pg_advisory_lock(74021);
COMMIT;
-- @login
SELECT NOT pg_try_advisory_lock(74021);
