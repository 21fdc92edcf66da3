-- tenancy.current_tenant(): what may be known of the caller's own tenant; no row without a context.
--
-- Why definer: callers may not read tenancy_private.tenant, where the others are.
-- Left out:    plan, keys and everything commercial: a public key in a browser reads this row.
-- Tests:       tests/functions/api/test_views.py

CREATE OR REPLACE FUNCTION tenancy.current_tenant()
RETURNS TABLE (
    tenant_id uuid,
    slug text,
    name text,
    industry text,
    status text,
    region text,
    custom_domain text
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
ROWS 1
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT t.id, t.slug, t.name, t.industry, t.status, t.region, t.custom_domain
    FROM tenancy_private.tenant AS t
    WHERE t.id = (SELECT tenancy.tenant_id());
END;
$function$;

COMMENT ON FUNCTION tenancy.current_tenant() IS
'The public fields of the tenant of this transaction; no row without a context.';

ALTER FUNCTION tenancy.current_tenant() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.current_tenant() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.current_tenant()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;
