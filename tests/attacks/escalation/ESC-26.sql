-- id: ESC-26
-- title: Platform functions from inside a tenant
-- attacker: insider
-- expect: blocked
-- answer: TN002
-- wins: done
-- objects: tenancy.create_tenant tenancy_private.may_administer
-- why: An administrator inside a tenant is an administrator of that tenant, and of nothing else.

-- @console
-- ours
SELECT tenancy.enter('{a_ticket}');
-- ours
SELECT tenancy.create_tenant('Made inside', 'hotel', 'attack-made-inside');
-- naive
INSERT INTO public.tenants (tenant_id) VALUES ('made-inside');
