-- tenancy.may_write(): does the context of this transaction permit writing?
--
-- Use:         where a function writes for the tenant in tables that have no wall.
-- Never:       IMMUTABLE (a cached plan would serve one tenant's rows to another), LEAKPROOF, or
--              PARALLEL SAFE (a worker has another pid: rows would be missing without an error).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.may_write()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
COST 1000
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(substr(tenancy_private.context_in_force(), 71, 1) = 'w', false);
END;
$function$;

COMMENT ON FUNCTION tenancy.may_write() IS
'True when tenancy.enter() proved a context that may write: the tenant''s status and the key permit it.';

ALTER FUNCTION tenancy.may_write() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.may_write() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.may_write()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;
