-- tenancy.reset_limit(p_tenant_id, p_name): the limit of the plan again.
--
-- Raises:      TN001 the tenant has no such limit of its own. TN002 not tenancy_admin.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.reset_limit(p_tenant_id uuid, p_name text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    DELETE FROM tenancy_private.tenant_limit
    WHERE tenant_id = p_tenant_id AND name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.reset_limit(uuid, text) IS
'Forget what tenancy.set_limit() set. Raises TN001, TN002.';

ALTER FUNCTION tenancy.reset_limit(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reset_limit(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reset_limit(uuid, text)
TO tenancy_admin;
