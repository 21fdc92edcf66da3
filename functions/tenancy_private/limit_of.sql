-- tenancy_private.limit_of(p_tenant_id, p_name): a limit in force, NULL for unlimited.
--
-- Order:       the tenant's own, else its plan's; no row is no limit.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy_private.limit_of(p_tenant_id uuid, p_name text)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT CASE WHEN o.tenant_id IS NULL THEN p.value ELSE o.value END
        FROM tenancy_private.tenant AS t
        LEFT JOIN tenancy.plan_limit AS p ON t.plan = p.plan AND p.name = p_name
        LEFT JOIN tenancy_private.tenant_limit AS o ON t.id = o.tenant_id AND o.name = p_name
        WHERE t.id = p_tenant_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.limit_of(uuid, text) IS
'Limit of a tenant by name; NULL is unlimited.';

ALTER FUNCTION tenancy_private.limit_of(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.limit_of(uuid, text) FROM public;
