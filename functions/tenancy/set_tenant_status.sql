-- tenancy.set_tenant_status(p_tenant_id, p_status, p_reason): suspend, reopen, … a tenant.
--
-- Effect:      from the next transaction on; a transaction that is open keeps its context.
-- Raises:      TN001 no such tenant. TN002 not the platform. TN004 no reason. TN020 not allowed.
-- Tests:       tests/functions/tenancy/test_set_tenant_status.py

CREATE OR REPLACE FUNCTION tenancy.set_tenant_status(
    p_tenant_id uuid,
    p_status text,
    p_reason text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_who text := tenancy_private.platform_role();
BEGIN
    IF v_who IS NULL THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'SET ROLE tenancy_admin or tenancy_operator outside any tenant.';
    END IF;

    PERFORM tenancy_private.change_status(p_tenant_id, p_status, p_reason, v_who);
END;
$function$;

COMMENT ON FUNCTION tenancy.set_tenant_status(uuid, text, text) IS
'Set the status of a tenant as tenancy.tenant_transition allows. Raises TN001, TN002, TN004, TN020.';

ALTER FUNCTION tenancy.set_tenant_status(uuid, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_tenant_status(uuid, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_tenant_status(uuid, text, text)
TO tenancy_admin, tenancy_operator;
