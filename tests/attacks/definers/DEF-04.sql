-- id: DEF-04
-- title: Put a temporary table in front of the one a definer reads
-- attacker: injected
-- expect: blocked
-- answer: 42501
-- wins: true
-- objects: database
-- why: pg_temp is searched first for tables, even under search_path = ''. Nobody has TEMPORARY here.

CREATE TEMPORARY TABLE tenant_users (user_id text, role text);
INSERT INTO pg_temp.tenant_users VALUES ('me', 'admin');
GRANT SELECT ON pg_temp.tenant_users TO PUBLIC;
-- ours
SELECT tenancy.actor_role() = 'admin';
-- naive
SELECT public.is_admin('me');
