-- id: CHN-09
-- title: Counters of tables
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: done
-- needs: harden
-- objects: harden
-- why: pg_stat_user_tables counts the writes of all tenants, minute by minute.

SELECT n_live_tup, n_tup_ins FROM pg_stat_user_tables WHERE schemaname = 'app';
