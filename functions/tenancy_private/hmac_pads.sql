-- tenancy_private.hmac_pads(p_secret): the two pads of HMAC, computed once per key.
--
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.hmac_pads(p_secret bytea, OUT ipad bytea, OUT opad bytea)
RETURNS record
LANGUAGE plpgsql
IMMUTABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key bytea := CASE
        WHEN octet_length(p_secret) > 64 THEN sha256(p_secret)
        ELSE p_secret
    END;
BEGIN
    v_key := v_key || decode(repeat('00', 64 - octet_length(v_key)), 'hex');
    ipad := v_key;
    opad := v_key;
    FOR i IN 0..63 LOOP
        ipad := set_byte(ipad, i, get_byte(v_key, i) # 54);
        opad := set_byte(opad, i, get_byte(v_key, i) # 92);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.hmac_pads(bytea) IS
'Inner and outer pad of HMAC-SHA-256 for a secret of any length (RFC 2104, section 2).';

ALTER FUNCTION tenancy_private.hmac_pads(bytea) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.hmac_pads(bytea) FROM public;
