-- id: ESC-23
-- title: An administrator reads a second tenant with the first one's ticket
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy_private.identify_ticket app.customers
-- why: One ticket, one tenant. The wall knows no administrator.

-- @console
-- ours
SELECT tenancy.enter('{a_ticket}');
-- naive
SELECT public.set_tenant_context('{b}');
SELECT metadata FROM app.customers;
