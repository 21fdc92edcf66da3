-- id: CTX-21
-- title: A JWT with alg none
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.verify_jwt
-- why: The signature is checked before the header is parsed, so that alg can choose nothing (RFC 8725, 3.1).

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_none}');
-- naive
SELECT public.set_tenant_context('{b}');
