-- app.count_rows(p_table): how many rows the tenant has in a table.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION app.count_rows(p_table regclass)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM %s WHERE tenant_id = (SELECT tenancy.tenant_id())', p_table
    ) INTO v_rows;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION app.count_rows(regclass) IS
'Rows of the tenant in force.';

ALTER FUNCTION app.count_rows(regclass) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.count_rows(regclass) FROM public;
GRANT EXECUTE ON FUNCTION app.count_rows(regclass)
TO tenancy_kernel;
