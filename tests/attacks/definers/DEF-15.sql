-- id: DEF-15
-- title: Put a schema of one's own in front of pg_catalog, for the functions of the platform
-- attacker: insider
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy.create_tenant tenancy.set_tenant_status tenancy.register_jwt_issuer
--   tenancy.rotate_context_key tenancy.open_admin_session tenancy.close_ticket tenancy.register_table
--   tenancy.unregister_table tenancy.mint_system_context
-- why: DEF-06 for what administrators, jobs and owners of tables may call: none of them becomes
--   tenancy_kernel by it.

-- @dba
-- keep ticket_id
-- ours
SELECT id FROM tenancy_private.access_ticket WHERE tenant_id = '{a}';
CREATE SCHEMA play;
GRANT CREATE, USAGE ON SCHEMA play TO PUBLIC;
CREATE TABLE play.log (who name);
GRANT INSERT, SELECT ON play.log TO PUBLIC;
CREATE FUNCTION play.note() RETURNS void LANGUAGE sql
AS $$ INSERT INTO play.log SELECT current_user $$;
CREATE FUNCTION play.lower(text) RETURNS text LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.lower($1) $$;
CREATE FUNCTION play.length(text) RETURNS int LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.length($1) $$;
CREATE FUNCTION play.btrim(text) RETURNS text LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.btrim($1) $$;
CREATE FUNCTION play.sha256(bytea) RETURNS bytea LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.sha256($1) $$;
CREATE FUNCTION play.octet_length(bytea) RETURNS int LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.octet_length($1) $$;
CREATE FUNCTION play.current_setting(text) RETURNS text LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.current_setting($1) $$;
CREATE FUNCTION play.clock_timestamp() RETURNS timestamptz LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.clock_timestamp() $$;
CREATE FUNCTION play.to_char(int, text) RETURNS text LANGUAGE sql
AS $$ SELECT play.note(); SELECT pg_catalog.to_char($1, $2) $$;
CREATE FUNCTION play.same(uuid, uuid) RETURNS boolean LANGUAGE sql
AS $$ SELECT play.note(); SELECT $1 OPERATOR(pg_catalog.=) $2 $$;
CREATE OPERATOR play.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = play.same);
CREATE FUNCTION play.same(name, name) RETURNS boolean LANGUAGE sql
AS $$ SELECT play.note(); SELECT $1 OPERATOR(pg_catalog.=) $2 $$;
CREATE OPERATOR play.= (LEFTARG = name, RIGHTARG = name, FUNCTION = play.same);
SET LOCAL search_path = play, pg_catalog;
-- @app
-- ours
SET LOCAL ROLE tenancy_admin;
-- ours
SELECT tenancy.create_tenant('Shadowed', 'hotel', 'attack-shadowed');
-- ours
SELECT tenancy.set_tenant_status('{b}', 'active', 'to see who runs this');
-- ours
SELECT tenancy.register_jwt_issuer('{issuer}', 'k1', 'attack', '{issuer_secret}'::bytea);
-- ours
SELECT tenancy.rotate_context_key();
-- ours
SET LOCAL ROLE tenancy_console;
-- ours
SELECT tenancy.open_admin_session('{b}', 'a reason of ten letters', 5);
-- ours
SELECT tenancy.close_ticket('{ticket_id}');
-- ours
SET LOCAL ROLE tenancy_operator;
-- ours
SELECT tenancy.mint_system_context('{b}', 'retention');
-- naive
SELECT public.set_tenant_context('{a}');
-- naive
SELECT public.find_customer('nobody');
-- @builder
-- ours
SELECT tenancy.unregister_table('app.pins'), tenancy.register_table('app.pins', 'customer_id');
-- naive
SELECT 1;
-- @superuser
SELECT who FROM play.log WHERE who = '{kernel}';
