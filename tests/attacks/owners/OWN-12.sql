-- id: OWN-12
-- title: The owner drops the wall
-- attacker: insider
-- expect: detected
-- wins: canary
-- objects: app.customers
-- only: throwaway
-- why: A check compares the wall of every registered table with its definition.

-- @insider
-- ours
DROP POLICY tenant_wall ON app.customers;
-- naive
DROP POLICY "Tenant isolation for customers" ON app.customers;
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
-- @evidence wall_missing
SELECT 1;
