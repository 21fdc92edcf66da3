-- tenancy.tg_count_pins(): keep usage_counter.pins, and refuse what exceeds max_pins.
--
-- Tenant:      of the rows, because inside a cascade the wall does not apply.
-- Raises:      TN010 limit reached.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_count_pins()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid;
    v_rows bigint;
    v_used bigint;
BEGIN
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

    FOR v_tenant_id, v_rows IN
        SELECT c.tenant_id, count(*) FROM changed AS c GROUP BY c.tenant_id ORDER BY c.tenant_id
    LOOP
        PERFORM tenancy_private.lock_usage(v_tenant_id);
        IF tg_op = 'DELETE' THEN
            v_rows := -v_rows;
        END IF;

        UPDATE tenancy_private.usage_counter AS u
        SET pins = greatest(u.pins + v_rows, 0)
        WHERE u.tenant_id = v_tenant_id
        RETURNING u.pins INTO v_used;

        PERFORM tenancy_private.refuse_over_limit(v_tenant_id, 'max_pins', v_used, v_rows);
    END LOOP;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_count_pins() IS
'Trigger: count pins. Raises TN010.';

ALTER FUNCTION tenancy.tg_count_pins() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_count_pins() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_count_pins()
TO tenancy_owner;
