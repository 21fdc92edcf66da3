-- id: ESC-34
-- title: Write in a tenant that only reads, by minting a context without entering
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders tenancy_private.context_in_force tenancy.mint_context
-- why: enter() makes the transaction read-only; who leaves that out has a context that verifies to nothing.

-- @dba
-- ours
UPDATE tenancy_private.tenant SET status = 'read_only' WHERE id = '{a}';
-- naive
SELECT 1;
-- @app
-- ours
SELECT tenancy.mint_context('{a_manager_key}', '{}');
-- ours
SET LOCAL ROLE tenancy_manager;
-- naive
SELECT public.set_tenant_context('{a}');
UPDATE app.orders SET notes = 'attacked' WHERE tenant_id = '{a}';
