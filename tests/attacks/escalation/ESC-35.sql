-- id: ESC-35
-- title: Turn a setting in the middle of an UPDATE, so that a context that only reads verifies
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: app.orders tenancy.may_write
-- why: The executor asks transaction_read_only once, at its start. The doors that write ask the signature.

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
UPDATE app.orders SET notes = 'attacked'
    WHERE (SELECT set_config('transaction_read_only', 'on', true)) = 'on' AND tenant_id = '{a}';
