-- id: OWN-20
-- title: The owner replaces the function that the walls call
-- attacker: insider
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy.tenant_id
-- why: It belongs to tenancy_kernel; the tables' owner cannot change what they trust.

-- @insider
-- ours
CREATE OR REPLACE FUNCTION tenancy.tenant_id() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT '{b}'::uuid $$;
-- naive
CREATE OR REPLACE FUNCTION app.current_tenant() RETURNS text LANGUAGE sql STABLE AS $$ SELECT '{b}' $$;
