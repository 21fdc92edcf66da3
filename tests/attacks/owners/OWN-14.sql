-- id: OWN-14
-- title: A developer adds a permissive policy by mistake
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: app.customers
-- only: throwaway
-- why: Permissive policies are joined by OR, restrictive ones by AND: the wall is restrictive.

-- @builder
CREATE POLICY readable ON app.customers FOR SELECT USING (true);
-- @inside
SELECT metadata FROM app.customers WHERE tenant_id = '{b}';
