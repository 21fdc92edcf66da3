-- id: CTX-23
-- title: A JWT signed by somebody else
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.verify_jwt
-- why: Only registered issuers vouch for users, whatever iss says.

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_stranger}');
-- naive
SELECT public.set_tenant_context('{b}');
