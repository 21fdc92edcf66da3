-- tenancy.actor_role(): the role of the actor inside the tenant, or NULL.
--
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.actor_role()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT r.role
        FROM tenancy.tenant_role AS r
        WHERE r.code = substr(tenancy_private.context_in_force(), 69, 1)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.actor_role() IS
'customer, staff, manager, admin or operator: the signed role, when it is in force; else NULL.';

ALTER FUNCTION tenancy.actor_role() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.actor_role() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.actor_role()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;
