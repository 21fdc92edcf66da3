-- tenancy.enter_system(p_tenant_id, p_purpose): a job enters one tenant for one transaction.
--
-- Reads:       nothing by itself; the functions of a job do, each held inside the tenant.
-- Suspended:   jobs still run: retention and erasure do not wait for a bill to be paid. What each
--              status lets a job do stands in tenancy.tenant_status.
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.enter_system(p_tenant_id uuid, p_purpose text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    IF tenancy.mint_system_context(p_tenant_id, p_purpose) THEN
        SET LOCAL ROLE tenancy_operator;
    ELSE
        SET LOCAL ROLE tenancy_operator;
        SET LOCAL transaction_read_only = on;
    END IF;
    PERFORM tenancy.use_own_schema();
    RETURN p_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.enter_system(uuid, text) IS
'Enter a tenant as tenancy_operator for one transaction and return its id. Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.enter_system(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.enter_system(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.enter_system(uuid, text)
TO tenancy_operator;
