-- tenancy_private.verify_jwt(p_token): the claims of a valid JWT, or NULL.
--
-- Order:       the signature first. Header and claims are parsed only when one of our issuers
--              signed them, so nothing untrusted reaches a parser, and alg can confuse nobody.
-- Never raises: an issuer that signs garbage is refused like a stranger.
-- Source:      RFC 7515, section 5.2; RFC 7519, section 4.1; RFC 8725, sections 3.1 and 3.2.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.verify_jwt(p_token text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_part text[] := string_to_array(p_token, '.');
    v_now numeric := extract(EPOCH FROM clock_timestamp());
    v_issuer record;
    v_claims jsonb;
BEGIN
    IF octet_length(p_token) > 8192 OR cardinality(v_part) IS DISTINCT FROM 3 THEN
        RETURN NULL;
    END IF;

    SELECT i.issuer, i.audience, i.tenant_claim, i.role_claim INTO v_issuer
    FROM tenancy_private.jwt_issuer AS i
    WHERE i.revoked_at IS NULL
      AND sha256(convert_to(v_part[3], 'UTF8')) = sha256(convert_to(rtrim(translate(encode(
          sha256(i.opad || sha256(i.ipad || convert_to(v_part[1] || '.' || v_part[2], 'UTF8'))),
          'base64'
      ), '+/', '-_'), '='), 'UTF8'));
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    v_claims := convert_from(tenancy_private.decode_base64url(v_part[2]), 'UTF8')::jsonb;
    IF convert_from(tenancy_private.decode_base64url(v_part[1]), 'UTF8')::jsonb ->> 'alg' = 'HS256'
        AND v_claims ->> 'iss' = v_issuer.issuer
        AND (v_claims -> 'aud') @> to_jsonb(v_issuer.audience)
        AND (v_claims ->> 'exp')::numeric > v_now
        AND coalesce((v_claims ->> 'nbf')::numeric, 0) <= v_now
    THEN
        RETURN jsonb_build_object(
            'sub', v_claims -> 'sub',
            'tenant', v_claims -> v_issuer.tenant_claim,
            'role', v_claims -> v_issuer.role_claim
        );
    END IF;

    RETURN NULL;
EXCEPTION
    WHEN data_exception OR cardinality_violation THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verify_jwt(text) IS
'sub, tenant and role of an HS256 token of one of our issuers, valid now; else NULL.';

ALTER FUNCTION tenancy_private.verify_jwt(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verify_jwt(text) FROM public;
