-- id: OWN-13
-- title: The owner widens the wall
-- attacker: insider
-- expect: detected
-- wins: canary
-- objects: app.customers
-- only: throwaway
-- why: A wall that is there and says true is no wall: the check reads the expression.

-- @insider
-- ours
ALTER POLICY tenant_wall ON app.customers USING (true);
-- naive
ALTER POLICY "Tenant isolation for customers" ON app.customers USING (true);
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
-- @evidence wall_widened
SELECT 1;
