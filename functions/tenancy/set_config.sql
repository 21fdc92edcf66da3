-- tenancy.set_config(…): what PostgREST finds instead of pg_catalog's in the query of an upsert.
--
-- Why:         PostgREST counts the rows of an upsert in a setting, as the tenant's role, which
--              must not have set_config (sql/harden.sql). db-extra-search-path puts this first.
-- Only:        pgrst.inserted, for the transaction, to a number.
-- Raises:      42501 anything else.
-- Tests:       tests/functions/tenancy/test_pre_request.py, tests/clients/postgrest/

CREATE OR REPLACE FUNCTION tenancy.set_config(p_name text, p_value text, p_is_local boolean)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (p_name = 'pgrst.inserted' AND p_is_local AND p_value ~ '^[0-9]{1,9}$') IS NOT TRUE THEN
        RAISE EXCEPTION 'permission denied for function set_config' USING ERRCODE = '42501';
    END IF;

    EXECUTE format('SET LOCAL pgrst.inserted = %L', p_value);
    RETURN p_value;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_config(text, text, boolean) IS
'Set the row counter of a PostgREST upsert, and nothing else. Raises 42501.';

ALTER FUNCTION tenancy.set_config(text, text, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_config(text, text, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_config(text, text, boolean)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
