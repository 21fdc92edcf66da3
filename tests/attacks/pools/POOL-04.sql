-- id: POOL-04
-- title: Leave a prepared statement under the name the next client will execute
-- attacker: injected
-- expect: residual
-- wins: rows
-- why: Prepared statements belong to the session; PREPARE has no privilege that could be revoked.
-- remedy: PgBouncer server_reset_query_always = 1, or DISCARD ALL when a connection changes hands.

PREPARE get_orders AS SELECT 'from the attacker';
COMMIT;
-- @next
EXECUTE get_orders;
