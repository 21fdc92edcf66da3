-- id: CTX-19
-- title: Ask for the victim by ?tenant= beside one's own key
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: canary
-- objects: tenancy_private.may_enter
-- why: What a URL or a header says never chooses a tenant against the credential; a hint that disagrees refuses.

-- @login
-- ours
SELECT tenancy.enter('{a_staff_key}', '{"tenant": "{b_slug}"}');
-- naive
SELECT public.set_tenant_context('{b_slug}');
SELECT metadata FROM app.customers;
