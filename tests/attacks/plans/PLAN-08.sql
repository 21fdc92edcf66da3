-- id: PLAN-08
-- title: CVE-2026-116311: DROP OWNED takes a role out of restrictive policies
-- attacker: injected
-- expect: blocked
-- answer: nothing 42501
-- wins: canary
-- floor: 15.20 16.15 17.11 18.7
-- objects: app.customers
-- only: throwaway
-- why: A restrictive policy loses the roles it names. The wall is TO PUBLIC, which has no role to lose. Fixed in
--   15.20; floors of other majors are the first not known to leak.

-- @builder
CREATE POLICY readable ON app.customers FOR SELECT USING (true);
-- naive
CREATE POLICY wall ON app.customers AS RESTRICTIVE TO {app_role}, {service} USING (tenant_id = current_setting('app.current_tenant', true));
-- @inside
DROP OWNED BY CURRENT_USER;
SELECT metadata FROM app.customers;
