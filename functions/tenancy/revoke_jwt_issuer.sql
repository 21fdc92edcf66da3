-- tenancy.revoke_jwt_issuer(p_issuer, p_kid): no longer trust a key of an issuer, or all of them.
--
-- Effect:      at the next transaction; register_jwt_issuer() trusts a key again.
-- Raises:      TN001 no such key in trust. TN002 not tenancy_admin.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy.revoke_jwt_issuer(p_issuer text, p_kid text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_revoked integer;
BEGIN
    PERFORM tenancy_private.require_platform();

    UPDATE tenancy_private.jwt_issuer AS i
    SET revoked_at = clock_timestamp()
    WHERE i.issuer = p_issuer
      AND (i.kid = p_kid OR p_kid IS NULL)
      AND i.revoked_at IS NULL;
    GET DIAGNOSTICS v_revoked = ROW_COUNT;
    IF v_revoked = 0 THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN v_revoked;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_jwt_issuer(text, text) IS
'Stop trusting one key of an issuer, or all its keys, and return how many. Raises TN001, TN002.';

ALTER FUNCTION tenancy.revoke_jwt_issuer(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_jwt_issuer(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_jwt_issuer(text, text)
TO tenancy_admin;
