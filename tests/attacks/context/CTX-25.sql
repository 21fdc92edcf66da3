-- id: CTX-25
-- title: A JWT made for another service
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.verify_jwt
-- why: aud must name us (RFC 8725, 3.9): one issuer serves several services.

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_audience}');
-- naive
SELECT public.set_tenant_context('{b}');
