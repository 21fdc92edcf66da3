-- tenancy_private.identify_api_key(p_credential): whom a pk_… or sk_… key stands for.
--
-- unused_key:  the key's id when its last use is not on record for this hour.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_api_key(p_credential text)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
BEGIN
    SELECT
        k.tenant_id,
        CASE k.kind WHEN 'secret' THEN coalesce(k.actor_id, k.id) END,
        k.role,
        'write' = ANY (k.scopes),
        u.key_id
    INTO v_identity
    FROM tenancy_private.api_key AS k
    LEFT JOIN tenancy_private.api_key_use AS u
        ON k.id = u.key_id AND u.used_at > clock_timestamp() - interval '1 hour' IS NOT TRUE
    WHERE k.digest = sha256(convert_to(p_credential, 'UTF8'))
      AND k.revoked_at IS NULL
      AND k.expires_at > clock_timestamp();

    RETURN v_identity;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_api_key(text) IS
'Identity of a valid API key; all NULL for any other text.';

ALTER FUNCTION tenancy_private.identify_api_key(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_api_key(text) FROM public;
