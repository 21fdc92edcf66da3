-- tenancy_private.verified_context(): the signed context in force, or NULL.
--
-- Never raises: length first, and nothing is cast before the signature is right.
-- Constant time: digests of the signatures are compared, not the signatures.
-- Layout:      kid 4, tenant 32, actor 32, role 1, placement 1, mode 1, request digest 64,
--              mac 64.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy_private.verified_context()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token text := current_setting('tenancy.context', true);
    v_body text;
    v_mac text;
BEGIN
    IF octet_length(v_token) IS DISTINCT FROM 199 THEN
        RETURN NULL;
    END IF;

    v_body := left(v_token, 135);
    v_mac := tenancy_private.context_mac(left(v_body, 4), v_body);

    IF v_mac IS NULL
        OR sha256(convert_to(v_mac, 'UTF8')) <> sha256(convert_to(substr(v_token, 136), 'UTF8'))
    THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verified_context() IS
'The 135 signed characters of this transaction''s context when the signature is right, else NULL.';

ALTER FUNCTION tenancy_private.verified_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verified_context() FROM public;
