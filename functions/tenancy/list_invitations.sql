-- tenancy.list_invitations(p_tenant_id): who was invited, and what came of it.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.list_invitations(p_tenant_id uuid)
RETURNS TABLE (
    id uuid, email text, role text, invited_by uuid,
    created_at timestamptz, expires_at timestamptz, closed_at timestamptz, user_id uuid
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, NULL);

    RETURN QUERY
    SELECT
        i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.closed_at, i.user_id
    FROM tenancy_private.invitation AS i
    WHERE i.tenant_id = p_tenant_id
    ORDER BY i.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_invitations(uuid) IS
'Invitations of a tenant, oldest first; user_id is who accepted, closed_at without it is withdrawn. Raises TN002.';

ALTER FUNCTION tenancy.list_invitations(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_invitations(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_invitations(uuid)
TO tenancy_manager, tenancy_admin;
