-- tenancy_private.end_maintenance(p_table): put FORCE row security back.
--
-- Tests:       tests/functions/tenancy_private/test_begin_maintenance.py

CREATE OR REPLACE FUNCTION tenancy_private.end_maintenance(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    DELETE FROM tenancy_private.maintenance WHERE relation = p_table;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.end_maintenance(regclass) IS
'End what tenancy_private.begin_maintenance() began.';

ALTER FUNCTION tenancy_private.end_maintenance(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.end_maintenance(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.end_maintenance(regclass)
TO tenancy_owner;
