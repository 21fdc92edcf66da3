-- tenancy.feature(p_name): a feature flag of the caller's tenant.
--
-- Order:       the tenant's own, else its plan's. What app.settings.features holds is the tenant's
--              to write, and so is not asked.
-- Raises:      nothing: NULL for an unknown name, and outside a tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.feature(p_name text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(o.value, p.value)
        FROM tenancy_private.tenant AS t
        LEFT JOIN tenancy.plan_feature AS p ON t.plan = p.plan AND p.feature = p_name
        LEFT JOIN tenancy_private.tenant_feature AS o ON t.id = o.tenant_id AND o.feature = p_name
        WHERE t.id = (SELECT tenancy.tenant_id())
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.feature(text) IS
'Feature flag of the current tenant as JSON; NULL when there is none.';

ALTER FUNCTION tenancy.feature(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.feature(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.feature(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;
