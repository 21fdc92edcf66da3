-- tenancy.list_api_keys(p_tenant_id): the keys of a tenant, without their text.
--
-- used_at:     to the hour; NULL for never.
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_api_keys(p_tenant_id uuid)
RETURNS TABLE (
    id uuid, kind text, role text, scopes text[],
    created_at timestamptz, expires_at timestamptz, revoked_at timestamptz, used_at timestamptz
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
        k.id, k.kind, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, u.used_at
    FROM tenancy_private.api_key AS k
    LEFT JOIN tenancy_private.api_key_use AS u ON k.id = u.key_id
    WHERE k.tenant_id = p_tenant_id
    ORDER BY k.created_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_api_keys(uuid) IS
'Keys of a tenant, oldest first; never the keys themselves. Raises TN002.';

ALTER FUNCTION tenancy.list_api_keys(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_api_keys(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_api_keys(uuid)
TO tenancy_manager, tenancy_admin;
