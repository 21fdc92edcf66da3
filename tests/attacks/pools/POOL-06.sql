-- id: POOL-06
-- title: Leave a setting behind that makes the next client fail
-- attacker: injected
-- expect: residual
-- wins: error
-- why: Most settings may be changed by every session, for its whole life.
-- remedy: PgBouncer server_reset_query_always = 1, or DISCARD ALL when a connection changes hands.

SET default_transaction_read_only = on;
COMMIT;
-- @next
UPDATE app.orders SET notes = 'x' WHERE id = '{b_order}';
