-- app.tg_count_pin_comments(): keep app.pins.comment_count.
--
-- Why definer: the counter is in no tenant's UPDATE grant. FORCE row security still holds this
--              function in the caller's tenant; the row's tenant_id is named all the same, because
--              inside a cascade the wall does not apply.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION app.tg_count_pin_comments()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.is_lifecycle_job() THEN
        RETURN NULL;
    END IF;

    IF tg_op = 'INSERT' THEN
        UPDATE app.pins SET comment_count = comment_count + 1
        WHERE tenant_id = new.tenant_id AND id = new.pin_id;
    ELSIF tg_op = 'DELETE' THEN
        UPDATE app.pins SET comment_count = comment_count - 1
        WHERE tenant_id = old.tenant_id AND id = old.pin_id;
    ELSIF new.pin_id <> old.pin_id THEN
        UPDATE app.pins
        SET comment_count = comment_count + CASE id WHEN new.pin_id THEN 1 ELSE -1 END
        WHERE tenant_id = new.tenant_id AND id IN (new.pin_id, old.pin_id);
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION app.tg_count_pin_comments() IS
'Trigger: keep the number of comments of a pin.';

ALTER FUNCTION app.tg_count_pin_comments() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.tg_count_pin_comments() FROM public;
