-- id: SEC-02
-- title: Read API keys as their owner
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: ~ sk_(live|attack)_[0-9a-z]
-- objects: tenancy_private.api_key
-- why: Only SHA-256 digests of keys with 244 random bits are stored.

-- @kernel
-- ours
SELECT to_jsonb(k.*) FROM tenancy_private.api_key AS k WHERE tenant_id = '{b}';
-- naive
SELECT to_jsonb(t.*) FROM public.tenants AS t;
