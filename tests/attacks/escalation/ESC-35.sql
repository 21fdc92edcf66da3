-- id: ESC-35
-- title: Keep the context of a tenant that only reads over a rollback to a savepoint
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders tenancy_private.context_in_force
-- why: The savepoint takes the read-only mode back; without it the kept context verifies to nothing.

-- @dba
-- ours
UPDATE tenancy_private.tenant SET status = 'read_only' WHERE id = '{a}';
-- naive
SELECT 1;
-- @app
-- ours
SAVEPOINT before;
-- ours
SELECT tenancy.enter('{a_manager_key}');
-- keep kept
-- ours
SELECT current_setting('tenancy.context');
-- ours
ROLLBACK TO SAVEPOINT before;
-- ours
SET LOCAL tenancy.context = '{kept}';
-- ours
SET LOCAL ROLE tenancy_manager;
-- naive
SELECT public.set_tenant_context('{a}');
UPDATE app.orders SET notes = 'attacked' WHERE tenant_id = '{a}';
