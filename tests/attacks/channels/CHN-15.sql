-- id: CHN-15
-- title: Is a key of a suspended tenant told apart from no key?
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: differs
-- objects: tenancy.mint_context tenancy_private.may_enter
-- why: Otherwise a stolen key tells whether its tenant pays its bills.

-- @dba
-- ours
UPDATE tenancy_private.tenant SET status = 'suspended' WHERE id = '{b}';
-- naive
UPDATE public.tenants SET status = 'suspended' WHERE tenant_id = '{b}';
-- @app
-- ours
-- hit
SELECT tenancy.enter('{b_staff_key}');
-- ours
-- miss
SELECT tenancy.enter('sk_live_nobody');
-- naive
-- hit
SELECT public.validate_key('{b_staff_key}');
-- naive
-- miss
SELECT public.validate_key('sk_live_nobody');
