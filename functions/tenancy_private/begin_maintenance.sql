-- tenancy_private.begin_maintenance(p_table): let the owner see all tenants, in this transaction.
--
-- Why:         under FORCE and without a context a foreign key checks nothing and says valid, and
--              a backfill touches no row. The exclusive lock keeps everybody else out meanwhile.
-- Ends:        with tenancy_private.end_maintenance(); a COMMIT without it fails (TN008).
-- Tests:       tests/functions/tenancy_private/test_begin_maintenance.py

CREATE OR REPLACE FUNCTION tenancy_private.begin_maintenance(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p_table);
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', p_table);
    INSERT INTO tenancy_private.maintenance (relation) VALUES (p_table);
END;
$function$;

COMMENT ON FUNCTION tenancy_private.begin_maintenance(regclass) IS
'Lock a table of the caller and lift FORCE until tenancy_private.end_maintenance(). Raises TN008 at COMMIT otherwise.';

ALTER FUNCTION tenancy_private.begin_maintenance(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.begin_maintenance(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.begin_maintenance(regclass)
TO tenancy_owner;
