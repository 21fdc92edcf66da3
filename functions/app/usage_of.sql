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
    EXECUTE format(
        'SELECT count(*) FROM %s WHERE tenant_id = $1', tenancy_private.relation_for('app.pins')
    ) INTO pins USING p_tenant_id;
    EXECUTE format(
        'SELECT coalesce(sum(size_bytes), 0) FROM %s WHERE tenant_id = $1',
        tenancy_private.relation_for('app.storage_objects')
    ) INTO storage_bytes USING p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION app.usage_of(uuid) IS
'Pins and bytes of the tenant that was entered.';

ALTER FUNCTION app.usage_of(uuid) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.usage_of(uuid) FROM public;
GRANT EXECUTE ON FUNCTION app.usage_of(uuid)
TO tenancy_kernel;
