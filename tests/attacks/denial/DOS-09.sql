-- id: DOS-09
-- title: Sleep in the middle of a statement
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: any
-- needs: harden
-- objects: harden
-- why: A connection that sleeps is a connection fewer in the pool; and a clock for blind injection.

-- try
SELECT pg_sleep(0.001);
-- try
SELECT pg_sleep_for('1 millisecond');
-- try
SELECT pg_sleep_until(now());
