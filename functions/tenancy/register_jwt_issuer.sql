-- tenancy.register_jwt_issuer(…): trust an issuer of HS256 tokens.
--
-- Secret:      at least 32 bytes (RFC 7518, section 3.2), as a bind parameter; only its pads stay.
-- Raises:      TN002 not tenancy_admin. TN004 secret too short.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy.register_jwt_issuer(
    p_issuer text,
    p_kid text,
    p_audience text,
    p_secret bytea,
    p_tenant_claim text DEFAULT 'tenant',
    p_role_claim text DEFAULT 'role'
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    IF octet_length(p_secret) < 32 IS NOT FALSE THEN
        RAISE EXCEPTION 'the secret of an issuer has at least 32 bytes'
            USING ERRCODE = 'TN004', HINT = 'RFC 7518, section 3.2.';
    END IF;

    INSERT INTO tenancy_private.jwt_issuer
        (issuer, kid, audience, ipad, opad, tenant_claim, role_claim)
    SELECT p_issuer, p_kid, p_audience, p.ipad, p.opad, p_tenant_claim, p_role_claim
    FROM tenancy_private.hmac_pads(p_secret) AS p
    ON CONFLICT (issuer, kid) DO UPDATE
    SET audience = excluded.audience, ipad = excluded.ipad, opad = excluded.opad,
        tenant_claim = excluded.tenant_claim, role_claim = excluded.role_claim,
        revoked_at = NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text) IS
'Trust an HS256 issuer: iss, key name, aud, secret of at least 32 bytes, claim names. Raises TN002, TN004.';

ALTER FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.register_jwt_issuer(text, text, text, bytea, text, text)
TO tenancy_admin;
