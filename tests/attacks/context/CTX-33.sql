-- id: CTX-33
-- title: Lose the context in parallel workers
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: true
-- naive: blocked
-- objects: tenancy.tenant_id tenancy_private.transaction_tag
-- why: A worker has another pid. Were tenant_id() PARALLEL SAFE, it would verify nothing there and rows
--   would be missing without an error. A plain setting reaches workers, so the naive copy is right here.

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_leader_participation = off;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
-- ours
SELECT count(*) = 0 FROM app.customers WHERE tenant_id = tenancy.tenant_id();
-- naive
SELECT count(*) = 0 FROM app.customers WHERE tenant_id = current_setting('app.current_tenant');
