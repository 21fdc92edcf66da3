-- id: CHN-02
-- title: The same by range: read an e-mail address letter by letter
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: differs
-- objects: app.customers
-- why: 71 such probes rebuilt an address against the naive index.

SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
-- hit
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT 1 FROM app.customers
    WHERE email >= '{b_mark}' AND email < '{b_mark}~';
-- miss
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT 1 FROM app.customers
    WHERE email >= 'nobody' AND email < 'nobody~';
