-- id: DOS-22
-- title: Make another tenant's API keys stop working
-- attacker: user
-- as: manager
-- expect: blocked
-- answer: TN002
-- wins: rows
-- objects: tenancy.revoke_api_key
-- why: Keys are revoked inside their own tenant.

-- ours
SELECT tenancy.revoke_api_key('{b}', '{b_key_staff}');
-- naive
UPDATE public.tenants SET api_keys = NULL WHERE tenant_id = '{b}';
