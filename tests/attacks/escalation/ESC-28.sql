-- id: ESC-28
-- title: A ticket, used through the application's login
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: canary
-- objects: tenancy.enter roles
-- why: A ticket that leaked is of no use to the pooled login: it is no member of tenancy_admin.

-- @login
-- ours
SELECT tenancy.enter('{a_ticket}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
