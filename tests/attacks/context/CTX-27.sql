-- id: CTX-27
-- title: Call the function that signs
-- attacker: login
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy_private.sign_context tenancy_private
-- why: No application role has USAGE on tenancy_private, nor EXECUTE on what is in it.

-- @login
-- ours
SELECT tenancy_private.sign_context('{b}', NULL, 'manager', '{}', true);
-- naive
SELECT set_config('app.current_tenant', '{b}', true);
