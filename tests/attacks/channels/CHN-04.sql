-- id: CHN-04
-- title: Volume of the platform: a forced sequential scan under EXPLAIN ANALYZE
-- attacker: injected
-- expect: residual
-- wins: ~ Rows Removed by Filter: [1-9]\d*
-- only: throwaway
-- why: EXPLAIN counts the rows that a policy removed. It is a number of rows, of all tenants together.
-- remedy: None that keeps EXPLAIN; no statement of an application is put together from input.

SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1 FROM app.customers;
