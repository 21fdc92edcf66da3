-- tenancy_private.tg_end_of_maintenance(): no COMMIT while FORCE is off.
--
-- Raises:      TN008 maintenance was begun and not ended.
-- Tests:       tests/functions/tenancy_private/test_begin_maintenance.py

CREATE OR REPLACE FUNCTION tenancy_private.tg_end_of_maintenance()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM tenancy_private.maintenance AS m WHERE m.relation = new.relation
    ) THEN
        RAISE EXCEPTION 'maintenance of % was not ended', new.relation USING
            ERRCODE = 'TN008', HINT = 'Call tenancy_private.end_maintenance() before COMMIT.';
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.tg_end_of_maintenance() IS
'Deferred trigger: refuse a COMMIT in the middle of maintenance. Raises TN008.';

ALTER FUNCTION tenancy_private.tg_end_of_maintenance() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.tg_end_of_maintenance() FROM public;
