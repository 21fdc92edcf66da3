-- tenancy.tg_note_time_zone(): keep the copy of a tenant's time zone beside its counters.
--
-- Why a copy:  orders of a tenant may live in a schema of its own, and a trigger in a cascade must
--              not read behind the wall.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_note_time_zone()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

    PERFORM tenancy_private.lock_usage(new.tenant_id);
    UPDATE tenancy_private.usage_counter AS u
    SET time_zone = new.time_zone
    WHERE u.tenant_id = new.tenant_id AND u.time_zone <> new.time_zone;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_note_time_zone() IS
'Trigger: note the time zone in which the months of a tenant end.';

ALTER FUNCTION tenancy.tg_note_time_zone() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_note_time_zone() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_note_time_zone()
TO tenancy_owner;
