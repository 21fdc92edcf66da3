-- id: CTX-20
-- title: Ask for the victim by its host name beside one's own key
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.may_enter tenancy_private.node
-- why: The sketch takes the tenant from the subdomain; ours only checks that it agrees.

-- @dba
-- keep domain
-- ours
SELECT platform_domain FROM tenancy_private.node;
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{a_staff_key}', '{"host": "{b_slug}.{domain}"}');
-- naive
SELECT public.set_tenant_context(split_part('{b_slug}.chi-pins.com', '.', 1));
SELECT metadata FROM app.customers;
