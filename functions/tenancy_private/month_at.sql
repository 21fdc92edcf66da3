-- tenancy_private.month_at(p_tenant_id, p_time_zone, p_now): the month that counts orders at p_now.
--
-- Bounds:      a month begins where the one before ended, whatever the zone is by now, and is never
--              one that was there before: a change of zone moves an end, and gains no second month.
-- Not stored:  a month that is not there yet has 0 orders; tenancy_private.open_month() stores it.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.month_at(
    p_tenant_id uuid,
    p_time_zone text,
    p_now timestamptz
)
RETURNS tenancy_private.usage_month
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_month tenancy_private.usage_month;
    v_last date;
BEGIN
    SELECT m.* INTO v_month
    FROM tenancy_private.usage_month AS m
    WHERE m.tenant_id = p_tenant_id
    ORDER BY m.month DESC
    LIMIT 1;
    IF v_month.ends_at > p_now THEN
        RETURN v_month;
    END IF;

    v_last := v_month.month;
    v_month.tenant_id := p_tenant_id;
    v_month.orders := 0;
    v_month.month := greatest(
        date_trunc('month', p_now AT TIME ZONE p_time_zone)::date, v_last + interval '1 month'
    );
    v_month.starts_at := CASE v_month.month
        WHEN v_last + interval '1 month' THEN v_month.ends_at
        ELSE v_month.month::timestamp AT TIME ZONE p_time_zone
    END;
    v_month.ends_at := (v_month.month + interval '1 month') AT TIME ZONE p_time_zone;

    RETURN v_month;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.month_at(uuid, text, timestamptz) IS
'The month of a tenant at a time, as stored or as it would be.';

ALTER FUNCTION tenancy_private.month_at(uuid, text, timestamptz) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.month_at(uuid, text, timestamptz) FROM public;
