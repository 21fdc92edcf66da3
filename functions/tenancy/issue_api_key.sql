-- tenancy.issue_api_key(p_tenant_id, p_kind, p_role, p_days, p_scopes): a new API key, shown once.
--
-- Stored:      only the SHA-256 of the key. Public keys (pk_…) are anonymous customers.
-- Scopes:      '{read}' enters read-only transactions, '{read,write}' any.
-- Raises:      TN002 not permitted. TN004 not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.issue_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text DEFAULT 'customer',
    p_days integer DEFAULT 90,
    p_scopes text[] DEFAULT '{read,write}'
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'issue_api_key');

    RETURN tenancy_private.create_api_key(p_tenant_id, p_kind, p_role, p_days, p_scopes, NULL);
END;
$function$;

COMMENT ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]) IS
'Issue a public or secret API key and return its text, once. Scopes: read, or read and write. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[])
TO tenancy_manager, tenancy_admin;
