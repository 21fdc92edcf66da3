-- tenancy.set_plan(p_tenant_id, p_plan): move a tenant to another plan; its own limits stay.
--
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin. 23503 no such plan.
-- Tests:       tests/functions/tenancy/test_limits.py

CREATE OR REPLACE FUNCTION tenancy.set_plan(p_tenant_id uuid, p_plan text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_platform();

    UPDATE tenancy_private.tenant SET plan = p_plan WHERE id = p_tenant_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_plan(uuid, text) IS
'Change the plan of a tenant. Raises TN001, TN002, 23503.';

ALTER FUNCTION tenancy.set_plan(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_plan(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_plan(uuid, text)
TO tenancy_admin;
