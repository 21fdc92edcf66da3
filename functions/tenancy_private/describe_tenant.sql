-- tenancy_private.describe_tenant(p_tenant_id): what create_tenant() says about a tenant.
--
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.describe_tenant(p_tenant_id uuid)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object('tenant_id', t.id, 'slug', t.slug, 'status', t.status)
        FROM tenancy_private.tenant AS t
        WHERE t.id = p_tenant_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.describe_tenant(uuid) IS
'tenant_id, slug and status of a tenant; NULL when there is none.';

ALTER FUNCTION tenancy_private.describe_tenant(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.describe_tenant(uuid) FROM public;
