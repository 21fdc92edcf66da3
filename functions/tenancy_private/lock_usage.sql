-- tenancy_private.lock_usage(p_tenant_id): the one lock of a tenant's counters, until COMMIT.
--
-- First:       a tenant without a row has no rows either: it is younger than the counters.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.lock_usage(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM FROM tenancy_private.usage_counter AS u
    WHERE u.tenant_id = p_tenant_id
    FOR NO KEY UPDATE;

    IF NOT FOUND THEN
        INSERT INTO tenancy_private.usage_counter (tenant_id)
        VALUES (p_tenant_id)
        ON CONFLICT (tenant_id) DO NOTHING;
        PERFORM FROM tenancy_private.usage_counter AS u
        WHERE u.tenant_id = p_tenant_id
        FOR NO KEY UPDATE;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.lock_usage(uuid) IS
'Lock the counters of a tenant, which are made if need be.';

ALTER FUNCTION tenancy_private.lock_usage(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.lock_usage(uuid) FROM public;
