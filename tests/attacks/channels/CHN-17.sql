-- id: CHN-17
-- title: An advisory lock as a signal between tenants
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: Advisory locks are one namespace for the database; whoever guesses a number sees, or blocks, another's job.

SELECT pg_try_advisory_lock(1);
