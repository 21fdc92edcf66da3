-- tenancy_private.verify_jwt(p_token): the claims of a valid JWT, or NULL.
--
-- Order:       the signature first. Header and claims are parsed only when one of our issuers
--              signed them, so nothing untrusted reaches a parser, and alg can confuse nobody.
-- Never raises: an issuer that signs garbage is refused like a stranger.
-- crit:        names an extension that must be understood; we understand none (RFC 7515, 4.1.11).
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
    v_signer tenancy_private.jwt_issuer [];
    v_header jsonb;
    v_claims jsonb;
BEGIN
    IF octet_length(p_token) > 8192 OR cardinality(v_part) IS DISTINCT FROM 3 THEN
        RETURN NULL;
    END IF;

    SELECT array_agg(i) INTO v_signer
    FROM tenancy_private.jwt_issuer AS i
    WHERE i.revoked_at IS NULL
      AND sha256(convert_to(v_part[3], 'UTF8')) = sha256(convert_to(rtrim(translate(encode(
          sha256(i.opad || sha256(i.ipad || convert_to(v_part[1] || '.' || v_part[2], 'UTF8'))),
          'base64'
      ), '+/', '-_'), '='), 'UTF8'));
    IF v_signer IS NULL THEN
        RETURN NULL;
    END IF;

    v_header := convert_from(tenancy_private.decode_base64url(v_part[1]), 'UTF8')::jsonb;
    v_claims := convert_from(tenancy_private.decode_base64url(v_part[2]), 'UTF8')::jsonb;
    RETURN (
        SELECT jsonb_build_object(
            'sub', v_claims -> 'sub',
            'tenant', v_claims -> s.tenant_claim,
            'role', v_claims -> s.role_claim
        )
        FROM unnest(v_signer) AS s
        WHERE v_header ->> 'alg' = 'HS256'
          AND NOT v_header ? 'crit'
          AND v_claims ->> 'iss' = s.issuer
          AND (v_claims -> 'aud') @> to_jsonb(s.audience)
          AND jsonb_typeof(v_claims -> 'exp') = 'number'
          AND (v_claims ->> 'exp')::numeric > v_now
          AND coalesce(jsonb_typeof(v_claims -> 'nbf'), 'number') = 'number'
          AND coalesce((v_claims ->> 'nbf')::numeric, 0) <= v_now
        LIMIT 1
    );
EXCEPTION
    WHEN data_exception OR cardinality_violation THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verify_jwt(text) IS
'sub, tenant and role of an HS256 token of one of our issuers, valid now; else NULL.';

ALTER FUNCTION tenancy_private.verify_jwt(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verify_jwt(text) FROM public;
