-- id: OBJ-25
-- title: Drop the policy as a tenant
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: any
-- naive: blocked
-- objects: app.customers
-- why: DDL belongs to the owner. Kept: a project that logs in as the owner loses here.

-- try
ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY;
-- ours
-- try
DROP POLICY tenant_wall ON app.customers;
-- naive
-- try
DROP POLICY "Tenant isolation for customers" ON app.customers;
-- try
CREATE POLICY mine ON app.customers USING (true);
