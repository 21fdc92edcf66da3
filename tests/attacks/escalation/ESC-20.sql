-- id: ESC-20
-- title: A tenant that may only read makes its transaction writable again
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 25001
-- wins: done
-- objects: tenancy.enter tenancy.tenant_status
-- why: enter() makes the transaction read-only, and PostgreSQL does not let a transaction become writable
--   after its first query.

-- @dba
-- ours
UPDATE tenancy_private.tenant SET status = 'read_only' WHERE id = '{a}';
-- naive
UPDATE public.tenants SET status = 'read_only' WHERE tenant_id = '{a}';
-- @inside manager
-- ours
SET LOCAL transaction_read_only = off;
INSERT INTO app.pins (tenant_id, title) VALUES ('{a}', 'written all the same');
