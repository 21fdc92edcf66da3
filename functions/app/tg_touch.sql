-- app.tg_touch(): updated_at is when the row last changed.
--
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION app.tg_touch()
RETURNS trigger
LANGUAGE plpgsql
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    new.updated_at := clock_timestamp();
    RETURN new;
END;
$function$;

COMMENT ON FUNCTION app.tg_touch() IS
'Trigger: set updated_at.';

ALTER FUNCTION app.tg_touch() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.tg_touch() FROM public;
