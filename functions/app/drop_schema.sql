-- app.drop_schema(p_tenant_id): drop a tenant's own schema, which must be empty of rows.
--
-- Sees:        every row: tenant_check admits this tenant's alone, and so does the wall.
-- Raises:      TN045 rows are left.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION app.drop_schema(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $function$
DECLARE
    v_schema name := tenancy_private.own_schema_of(p_tenant_id);
    v_table regclass;
    v_is_filled boolean;
BEGIN
    FOR v_table IN SELECT t.relation::regclass FROM tenancy_private.cloned_table(v_schema) AS t LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_table);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_table) INTO v_is_filled;
        IF v_is_filled THEN
            RAISE EXCEPTION '% has rows', v_table USING
                ERRCODE = 'TN045', HINT = 'tenancy.move_tenant(…, ''shared'') takes them first.';
        END IF;
    END LOOP;

    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', v_schema);
END;
$function$;

COMMENT ON FUNCTION app.drop_schema(uuid) IS
'Drop the schema of the tenant in context with its empty tables. Raises TN045.';

ALTER FUNCTION app.drop_schema(uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.drop_schema(uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.drop_schema(uuid)
TO tenancy_kernel;
