-- id: CHN-03
-- title: The same without EXPLAIN, by the counters of one's own transaction
-- attacker: injected
-- expect: blocked
-- answer: 42501 nothing
-- wins: differs
-- objects: app.customers harden
-- why: pg_stat_xact_user_tables counts tuples fetched below the policy. The counters are revoked, and the index reaches no hidden row.

SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
-- keep zero
SELECT coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE relid = 'app.customers'::regclass;
SELECT 1 FROM app.customers WHERE email = '{b_mark}@{b_slug}.example';
-- hit
SELECT idx_tup_fetch - {zero} FROM pg_stat_xact_user_tables WHERE relid = 'app.customers'::regclass;
-- keep one
SELECT coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE relid = 'app.customers'::regclass;
SELECT 1 FROM app.customers WHERE email = 'nobody@nobody.example';
-- miss
SELECT idx_tup_fetch - {one} FROM pg_stat_xact_user_tables WHERE relid = 'app.customers'::regclass;
