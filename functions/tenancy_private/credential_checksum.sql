-- tenancy_private.credential_checksum(p_text): six characters that recognise a typo.
--
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.credential_checksum(p_text text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.left(
        pg_catalog.translate(
            pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p_text, 'UTF8')), 'base64'),
            '+/', '-_'
        ),
        6
    );
END;

COMMENT ON FUNCTION tenancy_private.credential_checksum(text) IS
'First 36 bits of SHA-256, as base64url.';

ALTER FUNCTION tenancy_private.credential_checksum(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.credential_checksum(text) FROM public;
