-- tenancy.list_members(p_tenant_id): who belongs to the tenant.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_members(p_tenant_id uuid)
RETURNS TABLE (user_id uuid, role text, created_at timestamptz)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, NULL);

    RETURN QUERY
    SELECT m.user_id, m.role, m.created_at
    FROM tenancy_private.member AS m
    WHERE m.tenant_id = p_tenant_id
    ORDER BY m.created_at, m.user_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_members(uuid) IS
'Members of a tenant, oldest first. Raises TN002.';

ALTER FUNCTION tenancy.list_members(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_members(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_members(uuid)
TO tenancy_manager, tenancy_admin;
