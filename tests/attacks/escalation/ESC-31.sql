-- id: ESC-31
-- title: A manager rotates the signing key
-- attacker: staff
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: rows
-- objects: tenancy.rotate_context_key
-- why: Twice in a row, it would end the context of every open transaction.

-- ours
SELECT tenancy.rotate_context_key();
-- naive
UPDATE public.tenants SET webhook_secret = 'mine' WHERE tenant_id = 'tenant-b';
