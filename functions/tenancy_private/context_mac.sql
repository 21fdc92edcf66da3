-- tenancy_private.context_mac(p_kid, p_body): sign a context for this transaction.
--
-- Why sha256:  two built-in hashes with precomputed pads are HMAC (RFC 2104); no pgcrypto needed.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.context_mac(p_kid text, p_body text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_mac text;
BEGIN
    SELECT encode(
        sha256(k.opad || sha256(
            k.ipad || convert_to(p_body, 'UTF8') || tenancy_private.transaction_tag()
        )), 'hex'
    ) INTO v_mac
    FROM tenancy_private.context_key AS k
    WHERE k.kid = p_kid;

    RETURN v_mac;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.context_mac(text, text) IS
'HMAC-SHA-256 of p_body and this transaction under key p_kid, 64 hex digits; NULL without such a key.';

ALTER FUNCTION tenancy_private.context_mac(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.context_mac(text, text) FROM public;
