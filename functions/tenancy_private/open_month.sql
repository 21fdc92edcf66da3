-- tenancy_private.open_month(p_tenant_id, p_now): store the current month, and return it.
--
-- Called:      with the lock of tenancy_private.lock_usage(), so that time only goes forward.
-- p_now:       for tests.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.open_month(
    p_tenant_id uuid,
    p_now timestamptz DEFAULT clock_timestamp()
)
RETURNS date
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_month tenancy_private.usage_month;
BEGIN
    SELECT m.* INTO v_month
    FROM tenancy_private.usage_counter AS u
    CROSS JOIN LATERAL tenancy_private.month_at(u.tenant_id, u.time_zone, p_now) AS m
    WHERE u.tenant_id = p_tenant_id;

    INSERT INTO tenancy_private.usage_month (tenant_id, month, starts_at, ends_at)
    SELECT v_month.tenant_id, v_month.month, v_month.starts_at, v_month.ends_at
    WHERE NOT EXISTS (
        SELECT FROM tenancy_private.usage_month AS x
        WHERE x.tenant_id = p_tenant_id AND x.month = v_month.month
    );

    RETURN v_month.month;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.open_month(uuid, timestamptz) IS
'Open the month of a tenant at a time; the caller holds the lock of its usage.';

ALTER FUNCTION tenancy_private.open_month(uuid, timestamptz) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.open_month(uuid, timestamptz) FROM public;
