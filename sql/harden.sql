-- What needs a superuser: optional, idempotent, per database. `tenancy harden` runs it and
-- `tenancy check` says which of its blocks are in force (sql/hardening.sql asks). Each block stands
-- alone under its name. Undo nothing by hand: a major upgrade or a restore starts from PostgreSQL's
-- own defaults, so run it again afterwards.

-- harden: backup_role
-- Backups read every tenant, so they need a role that row security does not bind: the only one.
DO $backup$
BEGIN
    IF pg_catalog.to_regrole('tenancy_backup') IS NULL THEN
        CREATE ROLE tenancy_backup LOGIN NOINHERIT BYPASSRLS;
    END IF;
    ALTER ROLE tenancy_backup INHERIT;
    GRANT pg_read_all_data, pg_write_all_data TO tenancy_backup;
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO tenancy_backup', pg_catalog.current_database()
    );
    GRANT EXECUTE ON FUNCTION tenancy.table_order(boolean) TO tenancy_backup; -- tenancy check
END;
$backup$;

-- harden: vacuumdb
-- It names each table, so the database's owner, who may vacuum them all, needs their schemas; no
-- right on any table comes with that. A plain VACUUM needs nothing.
DO $schemas$
DECLARE
    v_schema name;
BEGIN
    FOR v_schema IN
        SELECT n.nspname
        FROM pg_catalog.pg_namespace AS n
        WHERE pg_catalog.pg_get_userbyid(n.nspowner) IN (
            'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'
        )
    LOOP
        EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %I TO pg_database_owner', v_schema);
    END LOOP;
END;
$schemas$;

-- harden: set_config
-- A SELECT that sets settings: injected SQL needs no second statement. pg_dump, restore, vacuumdb
-- and subscriptions call it; so does PostgREST, whose login sql/postgrest.sql grants it.
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM public;
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)
TO tenancy_kernel, tenancy_owner, tenancy_auditor, pg_database_owner;
DO $tools$
BEGIN
    IF pg_catalog.to_regrole('tenancy_backup') IS NOT NULL THEN
        GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO tenancy_backup;
    END IF;
END;
$tools$;

-- harden: xml_functions
-- query_to_xml() and its relatives are dynamic SQL inside a SELECT. By name, here and below, so
-- that it holds whatever the signatures of a major are.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^(query|table|schema|database|cursor)_to_xml'
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END;
$functions$;

-- harden: text_search_queries
-- ts_stat() and one of ts_rewrite() take a query as text.
REVOKE EXECUTE ON FUNCTION
pg_catalog.ts_stat(text), pg_catalog.ts_stat(text, text), pg_catalog.ts_rewrite(tsquery, text)
FROM public;

-- harden: advisory_locks
-- One key space for all tenants, and locks that outlive a transaction.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END;
$functions$;

-- harden: table_statistics
-- Counters of rows read and changed, below the policies.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ (
              '^pg_stat_get_(xact_)?(tuples|blocks|numscans|live|dead)|^pg_stat_get_(ins|mod)_since'
          )
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END;
$functions$;

-- harden: large_objects
-- They have no row security.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^lo_(creat|create|from_bytea|open|get|put|unlink)$'
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END;
$functions$;

-- harden: signals
-- Tenants share a login, and a login may end its own sessions: other tenants'.
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_terminate_backend FROM public;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_cancel_backend FROM public;

-- harden: notify
-- A message inside a SELECT. The statement NOTIFY cannot be revoked.
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_notify FROM public;

-- harden: sleep
-- A connection of the pool, held for as long as one likes; the clock of a blind injection.
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep FROM public;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep_for FROM public;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep_until FROM public;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep TO tenancy_kernel; -- verify_api_key() slows guessing

-- harden: sessions_of_others
-- Who is at work, on which statement, literals included, and which locks they hold: all tenants
-- share a login, and a login sees its own sessions whole.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^pg_(stat_get_(activity|backend_.*|progress_info)|lock_status)$'
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor', v_function);
    END LOOP;
END;
$functions$;
-- tenancy.transactions_in_context() asks who entered a tenant before it was closed.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_lock_status() TO tenancy_kernel;

-- harden: snapshots_and_messages
-- A snapshot holds back vacuum for all; a message in the write-ahead log outlives a rollback.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname IN ('pg_export_snapshot', 'pg_logical_emit_message')
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END;
$functions$;

-- harden: plpgsql
-- No DO blocks and no functions of their own for tenants.
REVOKE ALL ON LANGUAGE plpgsql FROM public;
GRANT USAGE ON LANGUAGE plpgsql
TO tenancy_kernel, tenancy_owner, tenancy_auditor, tenancy_builder, pg_database_owner;

-- harden: temp_file_limit
-- A limit that a session cannot lift by itself.
ALTER ROLE tenancy_gateway SET temp_file_limit = '1GB';

-- harden: log_parameters
-- Credentials are bind parameters: an error must not log them.
ALTER ROLE tenancy_gateway SET log_parameter_max_length_on_error = 0;
