-- tenancy.reconcile_usage(p_tenant_id): count again what the triggers count.
--
-- When:        after rows were loaded with triggers off. Exact: writers of the tenant wait, and a
--              second statement sees what they committed.
-- Raises:      TN002 not inside this tenant.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.reconcile_usage(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_tenant_id IS DISTINCT FROM tenancy.tenant_id() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'Enter the tenant: tenancy.enter_system(id, purpose).';
    END IF;

    PERFORM tenancy_private.lock_usage(p_tenant_id);
    PERFORM tenancy_private.open_month(p_tenant_id);

    UPDATE tenancy_private.usage_counter AS u
    SET pins = n.pins, storage_bytes = n.storage_bytes
    FROM app.usage_of(p_tenant_id) AS n
    WHERE u.tenant_id = p_tenant_id;

    UPDATE tenancy_private.usage_month AS m
    SET orders = app.orders_between(p_tenant_id, m.starts_at, m.ends_at)
    WHERE m.tenant_id = p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.reconcile_usage(uuid) IS
'Recompute the counters of the tenant that was entered. Raises TN002.';

ALTER FUNCTION tenancy.reconcile_usage(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reconcile_usage(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reconcile_usage(uuid)
TO tenancy_admin, tenancy_operator;
