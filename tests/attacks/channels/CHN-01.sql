-- id: CHN-01
-- title: EXPLAIN ANALYZE says whether an e-mail address exists
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: Leakproof conditions run in the index, below the policy, and "Rows Removed by Filter" counts what was
--   hidden. Every index of ours starts with tenant_id, so that hidden rows are not reached.

SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
-- hit
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT 1 FROM app.customers
    WHERE email = '{b_mark}@{b_slug}.example';
-- miss
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT 1 FROM app.customers
    WHERE email = 'nobody@nobody.example';
