-- app.usage_of(p_tenant_id): count what tenancy_private.usage_counter holds.
--
-- Why definer: the kernel reads no row behind a wall; this owner does, inside the tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION app.usage_of(
    p_tenant_id uuid,
    OUT pins bigint,
    OUT storage_bytes numeric
)
RETURNS record
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    SELECT count(*) INTO pins FROM app.pins AS p WHERE p.tenant_id = p_tenant_id;
    SELECT coalesce(sum(o.size_bytes), 0) INTO storage_bytes
    FROM app.storage_objects AS o
    WHERE o.tenant_id = p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION app.usage_of(uuid) IS
'Pins and bytes of the tenant that was entered.';

ALTER FUNCTION app.usage_of(uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.usage_of(uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.usage_of(uuid)
TO tenancy_kernel;
