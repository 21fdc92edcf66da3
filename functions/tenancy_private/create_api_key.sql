-- tenancy_private.create_api_key(…): store the digest of a new key and return its text.
--
-- Raises:      TN004 no role above, not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.create_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text,
    p_days integer,
    p_scopes text[],
    p_actor_id uuid
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
    v_key text := tenancy_private.random_secret(
        CASE p_kind WHEN 'public' THEN 'pk_live_' ELSE 'sk_live_' END
    );
BEGIN
    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 730 THEN
        RAISE EXCEPTION 'a key lasts 1 to 730 days'
            USING ERRCODE = 'TN004', HINT = 'Issue a new key before the old one expires.';
    END IF;

    INSERT INTO tenancy_private.api_key
        (id, tenant_id, digest, kind, role, actor_id, scopes, expires_at)
    VALUES (
        v_id, p_tenant_id, sha256(convert_to(v_key, 'UTF8')), p_kind, p_role, p_actor_id,
        p_scopes, clock_timestamp() + make_interval(days => p_days)
    );
    INSERT INTO tenancy_private.api_key_use (key_id) VALUES (v_id);

    RETURN v_key;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid) IS
'Store a new API key as a digest and return its text, once. Raises TN004, 23514.';

ALTER FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid)
FROM public;
