-- tenancy.revoke_api_key(p_tenant_id, p_key_id): an API key stops working at once.
--
-- Raises:      TN001 no such key of this tenant. TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.revoke_api_key(p_tenant_id uuid, p_key_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'revoke_api_key');

    UPDATE tenancy_private.api_key
    SET revoked_at = coalesce(revoked_at, clock_timestamp())
    WHERE tenant_id = p_tenant_id AND id = p_key_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_api_key(uuid, uuid) IS
'Revoke an API key. Idempotent. Raises TN001, TN002.';

ALTER FUNCTION tenancy.revoke_api_key(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_api_key(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_api_key(uuid, uuid)
TO tenancy_manager, tenancy_admin;
