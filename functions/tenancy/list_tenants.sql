-- tenancy.list_tenants(p_after, p_limit): the tenants of this cluster, a page at a time.
--
-- Raises:      TN002 not tenancy_admin outside any tenant. TN004 not 1 to 1000 rows.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.list_tenants(
    p_after uuid DEFAULT NULL,
    p_limit integer DEFAULT 100
)
RETURNS TABLE (
    tenant_id uuid, slug text, name text, industry text, plan text,
    status text, region text, placement text, created_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'a page has 1 to 1000 tenants'
            USING ERRCODE = 'TN004', HINT = 'Pass the last id of a page to get the next one.';
    END IF;

    RETURN QUERY
    SELECT
        t.id, t.slug, t.name, t.industry, t.plan, t.status, t.region, t.placement, t.created_at
    FROM tenancy_private.tenant AS t
    WHERE t.id > p_after OR p_after IS NULL
    ORDER BY t.id
    LIMIT p_limit;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_tenants(uuid, integer) IS
'Tenants by id, which is by age, after p_after. For tenancy_admin. Raises TN002, TN004.';

ALTER FUNCTION tenancy.list_tenants(uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_tenants(uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_tenants(uuid, integer)
TO tenancy_admin;
