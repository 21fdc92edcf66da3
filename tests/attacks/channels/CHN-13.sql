-- id: CHN-13
-- title: Does a tenant of this name exist? Entering
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: differs
-- objects: tenancy_private.may_enter tenancy.mint_context
-- why: One code and one text. What the time of a refusal tells is measured by `tenancy bench refusals`.

-- @login
-- ours
-- hit
SELECT tenancy.enter('{a_staff_key}', '{"tenant": "{b_slug}"}');
-- ours
-- miss
SELECT tenancy.enter('{a_staff_key}', '{"tenant": "nobody"}');
-- naive
-- hit
INSERT INTO public.tenants (tenant_id) VALUES ('{b}');
-- naive
-- miss
INSERT INTO public.tenants (tenant_id) VALUES ('nobody');
