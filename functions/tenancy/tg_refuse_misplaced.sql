-- tenancy.tg_refuse_misplaced(): BEFORE INSERT: rows of a tenant are in one place.
--
-- Why:         the wall holds in both places, so a qualified name would put a row where its tenant
--              does not look. There is nothing to read, change or delete in the wrong place.
-- Stands back: for jobs, which name the tables they mean.
-- Raises:      TN040 the tenant's rows are elsewhere.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.tg_refuse_misplaced()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL
        AND tg_table_schema <> coalesce(tenancy.own_schema(), 'app')
        AND NOT tenancy.is_lifecycle_job()
    THEN
        RAISE EXCEPTION 'this tenant has no rows in %.%', tg_table_schema, tg_table_name USING
            ERRCODE = 'TN040',
            HINT = 'Write the name without a schema: tenancy.enter() sets the search_path.';
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_refuse_misplaced() IS
'Trigger: refuse to insert rows where their tenant is not placed. Raises TN040.';

ALTER FUNCTION tenancy.tg_refuse_misplaced() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_refuse_misplaced() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_refuse_misplaced()
TO tenancy_owner;
