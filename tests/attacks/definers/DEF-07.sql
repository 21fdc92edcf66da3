-- id: DEF-07
-- title: Inject SQL through the request that enter() records
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: canary
-- objects: tenancy_private.sign_context
-- why: What is recorded goes through format('%L'). The naive search puts its filter into the text.

-- @login
-- ours
SELECT tenancy.enter('{a_staff_key}', '{"request_id": "x''; RESET ROLE; SET LOCAL tenancy.context = ''{token}''; --"}');
-- ours
SELECT metadata FROM app.customers;
-- naive
SELECT public.set_tenant_context('{a}');
-- naive
SELECT public.search_orders('false OR true');
