-- tenancy.issue_api_key(p_tenant_id, p_kind, p_role, p_days): a new API key, shown once.
--
-- Stored:      only the SHA-256 of the key. Public keys (pk_…) are anonymous customers.
-- Raises:      TN002 not permitted. TN004 not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.issue_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text DEFAULT 'customer',
    p_days integer DEFAULT 90
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key text := tenancy_private.random_secret(
        CASE p_kind WHEN 'public' THEN 'pk_live_' ELSE 'sk_live_' END
    );
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 730 THEN
        RAISE EXCEPTION 'a key lasts 1 to 730 days'
            USING ERRCODE = 'TN004', HINT = 'Issue a new key before the old one expires.';
    END IF;

    INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_key, 'UTF8')), p_kind, p_role,
        clock_timestamp() + make_interval(days => p_days)
    );

    RETURN v_key;
END;
$function$;

COMMENT ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer) IS
'Issue a public or secret API key and return its text, once. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.issue_api_key(uuid, text, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer)
TO tenancy_manager, tenancy_admin;
