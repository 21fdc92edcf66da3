-- id: OWN-10
-- title: The owner disables row security
-- attacker: insider
-- expect: detected
-- wins: canary
-- objects: app.customers
-- only: throwaway
-- why: Nothing stops an owner's DDL; a check finds it, in CI and on the live database.

-- @insider
ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY;
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
-- @evidence wall_missing
SELECT 1;
