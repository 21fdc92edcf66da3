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
BEGIN
    RETURN (
        SELECT count(*)
        FROM app.orders AS o
        WHERE o.tenant_id = p_tenant_id AND o.created_at >= p_from AND o.created_at < p_until
    );
END;
$function$;

COMMENT ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) IS
'Orders made between two times in the tenant that was entered.';

ALTER FUNCTION app.orders_between(uuid, timestamptz, timestamptz) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION app.orders_between(uuid, timestamptz, timestamptz)
TO tenancy_kernel;
