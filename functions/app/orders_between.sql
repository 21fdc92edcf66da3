-- app.orders_between(p_tenant_id, p_from, p_until): count what tenancy_private.usage_month holds.
--
-- Why definer: the kernel reads no row behind a wall; this owner does, inside the tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION app.orders_between(
    p_tenant_id uuid,
    p_from timestamptz,
    p_until timestamptz
)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_orders bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM %s WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3',
        tenancy_private.relation_for('app.orders')
    ) INTO v_orders USING p_tenant_id, p_from, p_until;
    RETURN v_orders;
END;
$function$;

COMMENT ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) IS
'Orders made between two times in the tenant that was entered.';

ALTER FUNCTION app.orders_between(uuid, timestamptz, timestamptz) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz)
TO tenancy_kernel;
