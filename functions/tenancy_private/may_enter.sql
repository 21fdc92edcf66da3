-- tenancy_private.may_enter(p_tenant_id, p_role, p_request): is the tenant open, here, for them?
--
-- Hints:       host, tenant and location are what the client believes. They never choose a tenant
--              against the credential; one that disagrees refuses the request.
-- Tests:       tests/functions/tenancy/test_enter.py, test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy_private.may_enter(
    p_tenant_id uuid,
    p_role text,
    p_request jsonb
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        INNER JOIN tenancy.tenant_role AS r ON r.role = p_role
        LEFT JOIN tenancy.tenant_role AS lowest ON s.lowest_role = lowest.role
        WHERE t.id = p_tenant_id
          AND s.may_enter
          AND r.rank >= coalesce(lowest.rank, 0)
          AND coalesce(p_request ->> 'tenant', t.slug) IN (t.slug, t.id::text)
          AND coalesce(p_request ->> 'location', t.slug) IN (t.slug, t.id::text)
          AND coalesce(tenancy_private.find_tenant_of_host(p_request ->> 'host'), t.id) = t.id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, text, jsonb) IS
'True when the tenant exists, its status and region admit this role here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, text, jsonb) FROM public;
