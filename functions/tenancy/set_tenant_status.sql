-- tenancy.set_tenant_status(p_tenant_id, p_status): suspend, reopen, … a tenant.
--
-- Effect:      from the next transaction on; a transaction that is open keeps its context.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23503 no such status.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.set_tenant_status(p_tenant_id uuid, p_status text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.tenant SET status = p_status WHERE id = p_tenant_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_status(uuid, text) IS
'Set the status of a tenant (see tenancy.tenant_status). Raises TN001, TN002, 23503.';

ALTER FUNCTION tenancy.set_tenant_status(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_status(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_status(uuid, text)
TO tenancy_admin;
