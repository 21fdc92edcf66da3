-- tenancy.uuidv7(): a time-ordered id (RFC 9562, section 5.7).
--
-- Why ours:    PostgreSQL has one from 18 on; this is the same on 15 to 17. Never a sequence: a
--              sequence tells each tenant how busy the others are.
-- Tests:       tests/functions/tenancy/test_uuidv7.py

CREATE OR REPLACE FUNCTION tenancy.uuidv7()
RETURNS uuid
LANGUAGE sql
VOLATILE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.encode(
        pg_catalog.set_byte(
            pg_catalog.overlay(
                pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
                pg_catalog.substring(
                    pg_catalog.int8send(
                        pg_catalog.floor(
                            1000 * extract(EPOCH FROM pg_catalog.clock_timestamp())
                        )::bigint
                    ),
                    3
                ),
                1,
                6
            ),
            6,
            112 + pg_catalog.floor(16 * pg_catalog.random())::integer
        ),
        'hex'
    )::uuid;
END;

COMMENT ON FUNCTION tenancy.uuidv7() IS
'A new time-ordered uuid, version 7: milliseconds, then random bits (RFC 9562, section 5.7).';

ALTER FUNCTION tenancy.uuidv7() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.uuidv7() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.uuidv7()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;
