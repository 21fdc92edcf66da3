-- tenancy_private.transaction_tag(): what a signed context is bound to.
--
-- Why here:    the one place that changes on Citus, where a worker has another pid and clock.
-- Parallel:    restricted, because a parallel worker has another pid and would verify nothing.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.transaction_tag()
RETURNS bytea
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.int4send(pg_catalog.pg_backend_pid())
        || pg_catalog.timestamptz_send(pg_catalog.transaction_timestamp());
END;

COMMENT ON FUNCTION tenancy_private.transaction_tag() IS
'This backend and this transaction, in binary: 12 bytes, independent of any setting.';

ALTER FUNCTION tenancy_private.transaction_tag() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.transaction_tag() FROM public;
