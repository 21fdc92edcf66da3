-- tenancy.verify_api_key(p_key, p_tenant): does this key open this tenant, now?
--
-- Never raises: false for anything that is not exactly right, whatever the reason.
-- Brute force: call it in a transaction of its own, so that its count of failures stays; each
--              failure of a minute makes the next one 10 ms slower, to half a second.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.verify_api_key(p_key text, p_tenant text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    v_tenant_id uuid;
    v_identity tenancy_private.identity;
BEGIN
    IF octet_length(p_key) <= 8192 AND octet_length(p_tenant) <= 64 THEN
        v_tenant_id := tenancy_private.find_tenant(p_tenant);
        v_identity := tenancy_private.identify_api_key(p_key);
    END IF;

    IF v_identity.tenant_id = v_tenant_id
        AND tenancy_private.may_enter(v_tenant_id, v_identity.role, '{}')
    THEN
        PERFORM tenancy_private.note_key_use(v_identity.unused_key);
        RETURN true;
    END IF;

    PERFORM tenancy_private.note_key_failure(coalesce(v_tenant_id, v_nobody));
    RETURN false;
END;
$function$;

COMMENT ON FUNCTION tenancy.verify_api_key(text, text) IS
'True when the API key is valid and opens the tenant with this slug or id; false otherwise, without raising.';

ALTER FUNCTION tenancy.verify_api_key(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.verify_api_key(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.verify_api_key(text, text)
TO tenancy_gateway, tenancy_operator;
