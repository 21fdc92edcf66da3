-- id: DEF-08
-- title: Inject SQL through the name of a table that is to be protected
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: true
-- objects: tenancy.protect_table tenancy.protection_ddl tenancy.add_tenant_column
-- why: Generated DDL takes names through format('%I') and regclass only.

-- @insider
-- ours
CREATE TABLE app."x; ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY; --" (id uuid PRIMARY KEY, "c""; ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY; --" text);
-- ours
SELECT tenancy.protect_table('app."x; ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY; --"');
-- naive
SELECT public.provision_tenant_schema('x; ALTER TABLE app.customers DISABLE ROW LEVEL SECURITY');
SELECT NOT relrowsecurity FROM pg_class WHERE oid = 'app.customers'::regclass;
