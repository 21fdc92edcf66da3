-- tenancy.rotate_api_key(p_tenant_id, p_key_id, p_overlap, p_days): replace a key without a gap.
--
-- Overlap:     the old key works on for so long, at most a week, and never longer than it would.
-- Raises:      TN001 no such key in force. TN002 not permitted. TN004 overlap or days out of range.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.rotate_api_key(
    p_tenant_id uuid,
    p_key_id uuid,
    p_overlap interval DEFAULT '1 day',
    p_days integer DEFAULT 90
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_old record;
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'rotate_api_key');

    IF p_overlap IS NULL OR p_overlap NOT BETWEEN interval '0' AND interval '7 days' THEN
        RAISE EXCEPTION 'the overlap is at most 7 days'
            USING ERRCODE = 'TN004', HINT = 'Two keys for longer are one key too many.';
    END IF;

    UPDATE tenancy_private.api_key AS k
    SET expires_at = least(k.expires_at, clock_timestamp() + p_overlap)
    WHERE k.tenant_id = p_tenant_id
      AND k.id = p_key_id
      AND k.revoked_at IS NULL
      AND k.expires_at > clock_timestamp()
    RETURNING k.kind, k.role, k.scopes, k.actor_id INTO v_old;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN tenancy_private.create_api_key(
        p_tenant_id, v_old.kind, v_old.role, p_days, v_old.scopes, v_old.actor_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer) IS
'Issue a successor of an API key and let the old one end after an overlap; returns the text of the new key, once. Raises TN001, TN002, TN004.';

ALTER FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer)
TO tenancy_manager, tenancy_admin;
