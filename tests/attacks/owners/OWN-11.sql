-- id: OWN-11
-- title: The owner lifts FORCE
-- attacker: insider
-- expect: detected
-- wins: canary
-- objects: app.customers
-- only: throwaway
-- why: The same check; and a COMMIT in the middle of maintenance raises TN008.

-- @insider
ALTER TABLE app.customers NO FORCE ROW LEVEL SECURITY;
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
-- @evidence force_missing
SELECT 1;
