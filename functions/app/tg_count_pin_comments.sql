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

    IF tg_op = 'UPDATE' AND new.pin_id = old.pin_id THEN
        RETURN NULL;
    END IF;

    EXECUTE format(
        'UPDATE %I.pins SET comment_count = comment_count '
        '+ CASE id WHEN $2 THEN 1 ELSE 0 END - CASE id WHEN $3 THEN 1 ELSE 0 END '
        'WHERE tenant_id = $1 AND id IN ($2, $3)', tg_table_schema
    ) USING coalesce(new.tenant_id, old.tenant_id), new.pin_id, old.pin_id;
    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION app.tg_count_pin_comments() IS
'Trigger: keep the number of comments of a pin.';

ALTER FUNCTION app.tg_count_pin_comments() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.tg_count_pin_comments() FROM public;
