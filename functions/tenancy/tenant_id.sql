-- tenancy.tenant_id(): the tenant of this transaction, or NULL.
--
-- Use:         always as (SELECT tenancy.tenant_id()): once per statement, and an index condition.
-- Never:       IMMUTABLE (a cached plan would serve one tenant's rows to another), LEAKPROOF, or
--              PARALLEL SAFE (a worker has another pid: rows would be missing without an error).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.tenant_id()
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
COST 1000
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN substr(tenancy_private.context_in_force(), 5, 32)::uuid;
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_id() IS
'Tenant proven by tenancy.enter() for this transaction; NULL when there is none.';

ALTER FUNCTION tenancy.tenant_id() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_id() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_id()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;
