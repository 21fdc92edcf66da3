-- id: POOL-03
-- title: Fetch from a cursor WITH HOLD of the client before
-- attacker: user
-- expect: residual
-- wins: canary
-- why: The rows are kept by the session at COMMIT; DECLARE has no privilege that could be revoked.
-- remedy: PgBouncer server_reset_query_always = 1, or DISCARD ALL when a connection changes hands.

-- @next
DECLARE kept CURSOR WITH HOLD FOR SELECT metadata FROM app.customers;
COMMIT;
-- @next none
FETCH ALL FROM kept;
