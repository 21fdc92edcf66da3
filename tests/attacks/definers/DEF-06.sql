-- id: DEF-06
-- title: Put a schema of one's own in front of pg_catalog
-- attacker: injected
-- as: manager
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy.tenant_id tenancy.actor_id tenancy.actor_role tenancy.mint_context tenancy.mint_named_context tenancy.list_members tenancy.list_api_keys tenancy.issue_api_key tenancy.set_member tenancy.remove_member tenancy.revoke_api_key tenancy.retire_context app.tg_count_pin_comments
-- why: Every definer pins its search_path, so that the caller's decides no name inside it. Here the attacker
--   even has CREATE somewhere, which is granted nowhere.

-- @dba
CREATE SCHEMA play;
GRANT CREATE, USAGE ON SCHEMA play TO PUBLIC;
CREATE TABLE play.log (who name);
GRANT INSERT, SELECT ON play.log TO PUBLIC;
-- @inside
CREATE FUNCTION play.note() RETURNS void LANGUAGE sql AS $$ INSERT INTO play.log SELECT current_user $$;
CREATE FUNCTION play.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.lower($1) $$;
CREATE FUNCTION play.octet_length(text) RETURNS int LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.octet_length($1) $$;
CREATE FUNCTION play.substr(text, int, int) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.substr($1, $2, $3) $$;
CREATE FUNCTION play.left(text, int) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.left($1, $2) $$;
CREATE FUNCTION play.repeat(text, int) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.repeat($1, $2) $$;
CREATE FUNCTION play.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.sha256($1) $$;
CREATE FUNCTION play.jsonb_typeof(jsonb) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.jsonb_typeof($1) $$;
CREATE FUNCTION play.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.clock_timestamp() $$;
CREATE FUNCTION play.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.current_setting($1, $2) $$;
CREATE FUNCTION play.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.current_setting($1) $$;
CREATE FUNCTION play.overlay(text, text, int) RETURNS text LANGUAGE sql AS $$ SELECT play.note(); SELECT pg_catalog.overlay($1, $2, $3) $$;
CREATE FUNCTION play.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT play.note(); SELECT $1 OPERATOR(pg_catalog.=) $2 $$;
CREATE OPERATOR play.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = play.same);
CREATE FUNCTION play.more(int, int) RETURNS int LANGUAGE sql AS $$ SELECT play.note(); SELECT $1 OPERATOR(pg_catalog.+) $2 $$;
CREATE OPERATOR play.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = play.more);
SET LOCAL search_path = play, pg_catalog;
-- ours
SELECT tenancy.tenant_id(), tenancy.actor_id(), tenancy.actor_role();
-- ours
SELECT tenancy.list_members('{a}'), tenancy.list_api_keys('{a}');
-- ours
SELECT tenancy.issue_api_key('{a}', 'secret', 'staff', 1);
-- ours
SELECT tenancy.set_member('{a}', '{b_staff}', 'staff');
-- ours
SELECT tenancy.remove_member('{a}', '{b_staff}');
-- ours
SELECT tenancy.revoke_api_key('{a}', '{a_key_customer}');
-- ours
SELECT tenancy.mint_context('{a_manager_key}', '{}');
-- ours
SELECT tenancy.mint_named_context('{a_slug}');
-- ours
INSERT INTO app.pin_comments (pin_id, body) VALUES ('{a_pin}', 'counted');
-- ours
SELECT tenancy.retire_context();
-- naive
SELECT public.find_customer('nobody');
RESET search_path;
SELECT who FROM play.log WHERE who <> current_user;
