-- tenancy_private.may_administer(p_tenant_id): may the caller manage members and keys there?
--
-- Who:         a manager or admin inside that tenant; tenancy_admin outside any tenant (setup).
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.may_administer(p_tenant_id uuid)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        CASE
            WHEN tenancy_private.verified_context() IS NULL
                THEN current_setting('role') = 'tenancy_admin'
            ELSE tenancy.tenant_id() = p_tenant_id
                AND tenancy.actor_role() IN ('manager', 'admin')
        END,
        false
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_administer(uuid) IS
'True for a manager or admin inside the tenant, and for tenancy_admin outside any.';

ALTER FUNCTION tenancy_private.may_administer(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_administer(uuid) FROM public;
