-- id: CTX-31
-- title: Sign up as a look-alike of another tenant
-- attacker: user
-- expect: blocked
-- answer: 23514
-- wins: done
-- objects: tenancy_private.tenant tenancy.create_tenant
-- why: A slug is ASCII; a Cyrillic letter in it would make two names that look the same.

-- @console
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.create_tenant('Look-alike', 'hotel', 'аttack-lookalike');
-- naive
INSERT INTO public.tenants (tenant_id) VALUES ('tenаnt-b');
