-- What needs a superuser: optional, idempotent, per database. `tenancy harden` runs it and
-- `tenancy check` says which of its lines are in force. Undo nothing by hand: a major upgrade or a
-- restore starts from PostgreSQL's own defaults, so run it again afterwards.

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
END;
$backup$;

-- Built-ins that a tenant's injected SQL could use and an application never does: dynamic SQL
-- inside a SELECT, other sessions, locks that outlive a transaction, statistics below the
-- policies. By name, so that it holds whatever the signatures of a major are.
DO $functions$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT p.oid
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND (
              p.proname ~ '^(query|table|schema|database|cursor)_to_xml'
              OR p.proname ~ '^pg_(try_)?advisory_'
              OR p.proname ~ '^pg_stat_get_(xact_)?(tuples|blocks|numscans|live|dead)'
              OR p.proname ~ '^pg_stat_get_(ins|mod)_since'
              OR p.proname ~ '^lo_(creat|create|from_bytea|open|get|put|unlink)$'
              OR p.proname IN (
                  'set_config', 'pg_terminate_backend', 'pg_cancel_backend', 'pg_notify',
                  'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'ts_stat', 'pg_export_snapshot',
                  'pg_logical_emit_message', 'pg_stat_get_activity', 'pg_lock_status'
              )
          )
    LOOP
        EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', v_function);
    END LOOP;
END;
$functions$;

-- pg_dump, restore, vacuumdb and subscriptions call set_config; so does PostgREST, whose login
-- a DBA adds: GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO <its login>.
GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)
TO tenancy_backup, tenancy_kernel, tenancy_owner, tenancy_auditor, pg_database_owner;

-- No DO blocks and no functions of their own for tenants.
REVOKE ALL ON LANGUAGE plpgsql FROM public;
GRANT USAGE ON LANGUAGE plpgsql
TO tenancy_kernel, tenancy_owner, tenancy_auditor, tenancy_builder, pg_database_owner;

-- Limits that a session cannot lift by itself.
ALTER ROLE tenancy_gateway SET temp_file_limit = '1GB';
ALTER ROLE tenancy_gateway SET log_parameter_max_length_on_error = 0;
