-- id: DOS-02
-- title: LOCK TABLE as a manager
-- attacker: injected
-- as: manager
-- expect: residual
-- wins: error
-- objects: app.orders
-- only: throwaway
-- why: DELETE exists for whole tables only, and LOCK TABLE … ACCESS EXCLUSIVE comes with it.
-- remedy: query_timeout and idle_transaction_timeout in the pooler; `tenancy matrix` shows the cells as lock.

LOCK TABLE app.orders IN ACCESS EXCLUSIVE MODE;
-- @victim
SET LOCAL lock_timeout = '50ms';
SELECT 1 FROM app.orders;
