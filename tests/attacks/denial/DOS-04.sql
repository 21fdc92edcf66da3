-- id: DOS-04
-- title: Lock the registry of tenants
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: 42501
-- wins: done
-- objects: tenancy_private.tenant tenancy.tenant_status
-- why: Every entry reads it; nobody but its owner may lock it.

-- ours
-- try
SELECT status FROM tenancy.tenant_status FOR UPDATE;
-- ours
SELECT id FROM tenancy_private.tenant FOR UPDATE;
-- naive
SELECT tenant_id FROM public.tenants FOR UPDATE;
