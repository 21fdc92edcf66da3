-- id: CHN-06
-- title: Statistics of the planner hold values
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.patients
-- why: pg_stats hides the columns of tables under row security, and of columns one may not read.

SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats
    WHERE schemaname = 'app' AND tablename = 'patients';
