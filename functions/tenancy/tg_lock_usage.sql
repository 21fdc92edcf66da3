-- tenancy.tg_lock_usage(): take the lock of the counters before a statement touches any row.
--
-- Why before:  row locks first and the counter last would deadlock with a transaction that does it
--              the other way round. Without a context the AFTER trigger locks, tenant by tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.tg_lock_usage()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_tenant_id uuid := tenancy.tenant_id();
BEGIN
    IF tenancy_private.is_purge() THEN
        RETURN NULL;
    END IF;

    IF v_tenant_id IS NOT NULL THEN
        PERFORM tenancy_private.lock_usage(v_tenant_id);
    END IF;

    RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy.tg_lock_usage() IS
'Trigger: lock the counters of the current tenant.';

ALTER FUNCTION tenancy.tg_lock_usage() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tg_lock_usage() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tg_lock_usage()
TO tenancy_owner;
