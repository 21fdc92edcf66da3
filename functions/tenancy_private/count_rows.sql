-- tenancy_private.count_rows(p_tenant_id, p_table, p_kind): rows of a tenant, for its receipt.
--
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy_private.count_rows(
    p_tenant_id uuid,
    p_table regclass,
    p_kind text
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    IF p_kind = 'registered' THEN
        RETURN app.count_rows(p_table);
    ELSIF NOT has_table_privilege('tenancy_kernel', p_table, 'SELECT') THEN
        RETURN NULL;
    END IF;

    EXECUTE format('SELECT count(*) FROM %s WHERE tenant_id = $1', p_table)
    INTO v_rows USING p_tenant_id;
    RETURN v_rows;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.count_rows(uuid, regclass, text) IS
'Rows of a tenant in a table; NULL for a kept table that the kernel may not read.';

ALTER FUNCTION tenancy_private.count_rows(uuid, regclass, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.count_rows(uuid, regclass, text) FROM public;
