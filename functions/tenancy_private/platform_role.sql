-- tenancy_private.platform_role(): who on the platform calls, or NULL.
--
-- Outside:     nobody is the platform while inside a tenant: a ticket for one tenant must not end
--              another. Nor while a backfill runs code of a team, which may clear the context.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.platform_role()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN CASE
        WHEN tenancy_private.verified_context() IS NOT NULL THEN NULL
        WHEN tenancy_private.claimed_tenant() IS NOT NULL THEN NULL
        WHEN current_setting('role') = 'tenancy_admin' THEN 'admin'
        WHEN current_setting('role') = 'tenancy_operator' THEN 'operator'
    END;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.platform_role() IS
'admin or operator, for the role in force outside any tenant; else NULL.';

ALTER FUNCTION tenancy_private.platform_role() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.platform_role() FROM public;
