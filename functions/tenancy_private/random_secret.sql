-- tenancy_private.random_secret(p_prefix): a credential nobody can guess.
--
-- Why uuids:   gen_random_uuid() is the built-in strong random source: 2 x 122 bits, hashed.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.random_secret(p_prefix text)
RETURNS text
LANGUAGE sql
VOLATILE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT s.secret || tenancy_private.credential_checksum(s.secret)
    FROM (
        SELECT p_prefix || pg_catalog.rtrim(
            pg_catalog.translate(
                pg_catalog.encode(
                    pg_catalog.sha256(
                        pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                        || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                    ),
                    'base64'
                ),
                '+/', '-_'
            ),
            '='
        ) AS secret
    ) AS s;
END;

COMMENT ON FUNCTION tenancy_private.random_secret(text) IS
'p_prefix, 43 characters of base64url (RFC 4648, section 5) from 244 random bits, and six of checksum.';

ALTER FUNCTION tenancy_private.random_secret(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.random_secret(text) FROM public;
