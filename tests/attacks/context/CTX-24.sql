-- id: CTX-24
-- title: A JWT after its end
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.verify_jwt
-- why: exp is required and compared with the clock, not with the start of the transaction.

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_expired}');
-- naive
SELECT public.set_tenant_context('{b}');
