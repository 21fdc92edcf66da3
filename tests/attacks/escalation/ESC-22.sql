-- id: ESC-22
-- title: A JWT names a tenant its user is no member of
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.identify_jwt
-- why: The issuer says who somebody is; membership says where they may be.

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_tenant}');
-- naive
SELECT public.set_tenant_context('{b}');
