-- tenancy.add_tenant_index(p_table): an index that starts with tenant_id, where none does.
--
-- Why:         without one the wall is a filter over the rows of all tenants.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.add_tenant_index(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_index AS i
        INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
        WHERE i.indrelid = p_table
          AND a.attname = 'tenant_id'
          AND i.indpred IS NULL
          AND i.indisvalid
    ) THEN
        EXECUTE format('CREATE INDEX ON %s (tenant_id)', p_table);
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.add_tenant_index(regclass) IS
'Step of tenancy.protect_table(): index tenant_id unless an index starts with it.';

ALTER FUNCTION tenancy.add_tenant_index(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.add_tenant_index(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.add_tenant_index(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
