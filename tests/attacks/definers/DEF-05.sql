-- id: DEF-05
-- title: Put a temporary domain in front of uuid, were TEMPORARY granted
-- attacker: injected
-- expect: blocked
-- answer: nothing
-- wins: rows
-- objects: tenancy.tenant_id tenancy.actor_id
-- why: A cast inside a definer would run the attacker's CHECK with the definer's rights. pg_temp stands last
--   in every search_path of ours; a path that does not name it searches it first.

-- @dba
-- keep database
SELECT quote_ident(current_database());
GRANT TEMPORARY ON DATABASE {database} TO PUBLIC;
-- ours
GRANT USAGE ON LANGUAGE sql TO {app_role};
-- naive
SELECT 1;
-- @inside
CREATE TEMPORARY TABLE log (who name);
GRANT ALL ON pg_temp.log TO PUBLIC;
CREATE FUNCTION pg_temp.note(text) RETURNS boolean LANGUAGE sql VOLATILE AS $$ INSERT INTO pg_temp.log
    VALUES (current_user) RETURNING true $$;
CREATE DOMAIN pg_temp.uuid AS text CHECK (pg_temp.note(VALUE));
GRANT USAGE ON TYPE pg_temp.uuid TO PUBLIC;
-- ours
SELECT tenancy.tenant_id(), tenancy.actor_id();
-- naive
SELECT public.parse_id('{a_customer}');
SELECT who FROM pg_temp.log WHERE who <> current_user;
