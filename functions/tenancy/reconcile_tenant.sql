-- tenancy.reconcile_tenant(p_tenant_id): make what a tenant is to have and has not; then active.
--
-- Enters:      the tenant like anybody else, signed, and leaves the context as it was.
-- Repeats:     safely; what is there stays as it is.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.reconcile_tenant(p_tenant_id uuid)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_context text := coalesce(current_setting('tenancy.context', true), '');
    v_request text := coalesce(current_setting('tenancy.request', true), '');
    v_made integer;
    v_status text;
BEGIN
    PERFORM tenancy_private.require_platform();

    SELECT t.status INTO v_status
    FROM tenancy_private.tenant AS t
    WHERE t.id = p_tenant_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'admin', '{}', true);
    PERFORM app.make_defaults();
    EXECUTE format('SET LOCAL tenancy.context = %L', v_context);
    EXECUTE format('SET LOCAL tenancy.request = %L', v_request);

    UPDATE tenancy_private.resource AS r
    SET made_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant_id AND r.made_at IS NULL;
    GET DIAGNOSTICS v_made = ROW_COUNT;
    IF v_status = 'provisioning' THEN
        PERFORM tenancy_private.change_status(
            p_tenant_id, 'active', 'everything it is to have is made', 'procedure'
        );
    END IF;

    RETURN v_made;
END;
$function$;

COMMENT ON FUNCTION tenancy.reconcile_tenant(uuid) IS
'Make the missing settings and bucket of a tenant, activate it when it was being provisioned, and return how many resources were recorded as made. Raises TN001, TN002.';

ALTER FUNCTION tenancy.reconcile_tenant(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reconcile_tenant(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reconcile_tenant(uuid)
TO tenancy_admin;
