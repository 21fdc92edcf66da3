-- id: ESC-24
-- title: An administrator names a second tenant beside the first one's ticket
-- attacker: insider
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.may_enter
-- why: A hint that disagrees refuses administrators too.

-- @console
-- ours
SELECT tenancy.enter('{a_ticket}', '{"tenant": "{b_slug}"}');
-- naive
SELECT public.set_tenant_context('{b}');
