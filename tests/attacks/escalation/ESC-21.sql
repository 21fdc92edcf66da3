-- id: ESC-21
-- title: A JWT asks for more than its member has
-- attacker: staff
-- expect: blocked
-- answer: TN001
-- wins: done
-- objects: tenancy_private.identify_jwt
-- why: The role claim may lower the role, never raise it.

-- @dba
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', convert_to('{issuer_secret}', 'UTF8'));
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.enter('{jwt_manager}');
-- naive
UPDATE public.tenant_users SET role = 'manager' WHERE user_id = '{a_staff}';
