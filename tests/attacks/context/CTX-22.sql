-- id: CTX-22
-- title: A JWT whose claims were exchanged under the same signature
-- attacker: user
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.verify_jwt
-- why: The signature covers header and claims. The token itself, unchanged, is accepted first.

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- ours
SAVEPOINT good;
-- ours
SELECT tenancy.enter('{jwt_good}');
-- ours
ROLLBACK TO SAVEPOINT good;
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_edited}');
-- naive
SELECT public.set_tenant_context('{b}');
