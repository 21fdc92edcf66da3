-- tenancy_private.decode_base64url(p_text): RFC 4648, section 5, without padding.
--
-- Raises:      22023 text that is not base64url.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.decode_base64url(p_text text)
RETURNS bytea
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.decode(
        pg_catalog.translate(p_text, '-_', '+/')
        || pg_catalog.repeat('=', (4 - pg_catalog.length(p_text) % 4) % 4),
        'base64'
    );
END;

COMMENT ON FUNCTION tenancy_private.decode_base64url(text) IS
'Bytes of unpadded base64url text (RFC 4648, section 5).';

ALTER FUNCTION tenancy_private.decode_base64url(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.decode_base64url(text) FROM public;
