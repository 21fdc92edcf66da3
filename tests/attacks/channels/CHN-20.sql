-- id: CHN-20
-- title: List the tenants by the names of their schemas
-- attacker: user
-- expect: blocked
-- answer: nothing
-- wins: rows
-- why: Names in the catalog are public. No object of ours is called after a tenant.

SELECT nspname FROM pg_namespace WHERE nspname LIKE '%' || replace('{b_slug}', '-', '_') || '%';
