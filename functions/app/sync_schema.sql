-- app.sync_schema(p_tenant_id, p_drop): make the tables of a tenant's own schema like those of app.
--
-- Why definer: its owner owns the tables. Every statement comes from the catalog of app.
-- Raises:      TN044 something still differs; what a statement raises (23502, 42804, …) as it is.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION app.sync_schema(p_tenant_id uuid, p_drop boolean)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $function$
DECLARE
    v_schema name := tenancy_private.own_schema_of(p_tenant_id);
    v_statement text;
    v_count integer := 0;
    v_left text;
BEGIN
    IF to_regnamespace(v_schema) IS NULL THEN
        EXECUTE format('CREATE SCHEMA %I', v_schema);
        EXECUTE format(
            'GRANT USAGE ON SCHEMA %I TO tenancy_customer, tenancy_staff, tenancy_manager, '
            'tenancy_admin', v_schema
        );
        EXECUTE format('COMMENT ON SCHEMA %I IS %L', v_schema, 'The tables of app for one tenant.');
    END IF;

    FOR v_statement IN
        SELECT d.statement FROM tenancy_private.drift_ddl(v_schema, p_drop) AS d ORDER BY d.place
    LOOP
        EXECUTE v_statement;
        v_count := v_count + 1;
    END LOOP;

    IF v_count > 0 THEN
        SELECT string_agg(concat_ws(' ', d.table_name, d.kind, d.name), ', ') INTO v_left
        FROM tenancy_private.drift_of(v_schema) AS d
        WHERE d.wanted IS NOT NULL;
        IF v_left IS NOT NULL THEN
            RAISE EXCEPTION 'still not like app: %', v_left USING
                ERRCODE = 'TN044', HINT = 'tenancy.schema_drift() shows both sides.';
        END IF;
    END IF;

    RETURN v_count;
END;
$function$;

COMMENT ON FUNCTION app.sync_schema(uuid, boolean) IS
'Create or complete a tenant''s own schema and return the number of statements. Raises TN044.';

ALTER FUNCTION app.sync_schema(uuid, boolean) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.sync_schema(uuid, boolean) FROM public;
GRANT EXECUTE ON FUNCTION app.sync_schema(uuid, boolean)
TO tenancy_kernel;
