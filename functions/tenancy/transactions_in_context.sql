-- tenancy.transactions_in_context(): who may be inside a tenant now.
--
-- Why:         a status ends what begins, not a transaction that entered before. Whoever entered
--              has read tenancy_private.tenant, and holds that lock until the transaction ends.
-- Tests:       tests/functions/tenancy/test_purge.py

CREATE OR REPLACE FUNCTION tenancy.transactions_in_context()
RETURNS TABLE (virtualtransaction text, pid integer)
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT l.virtualtransaction, l.pid
    FROM pg_locks AS l
    INNER JOIN pg_database AS d ON l.database = d.oid
    WHERE l.locktype = 'relation' AND d.datname = current_database()
      AND l.relation = 'tenancy_private.tenant'::regclass
      AND l.pid <> pg_backend_pid();
$function$;

COMMENT ON FUNCTION tenancy.transactions_in_context() IS
'Open transactions of others that may have entered a tenant; a caller waits until those of now are gone.';

ALTER FUNCTION tenancy.transactions_in_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.transactions_in_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.transactions_in_context()
TO tenancy_operator;
