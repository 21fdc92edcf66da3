-- id: CHN-09
-- title: Counters of tables
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: any
-- needs: harden
-- objects: harden
-- why: pg_stat_user_tables counts the writes of all tenants, minute by minute.

-- try
SELECT n_live_tup, n_tup_ins FROM pg_stat_user_tables WHERE schemaname = 'app';
-- try
SELECT n_mod_since_analyze, n_ins_since_vacuum FROM pg_stat_user_tables WHERE schemaname = 'app';
-- try
SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE schemaname = 'app';
-- try
SELECT heap_blks_read FROM pg_statio_user_tables WHERE schemaname = 'app';
