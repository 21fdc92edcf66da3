-- tenancy.actor_id(): who acts in this transaction, or NULL.
--
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.actor_id()
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN nullif(substr(tenancy_private.context_in_force(), 37, 32), repeat('0', 32))::uuid;
END;
$function$;

COMMENT ON FUNCTION tenancy.actor_id() IS
'The member, secret key or access ticket that acts; NULL for a public key, a job, or no context.';

ALTER FUNCTION tenancy.actor_id() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.actor_id() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.actor_id()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;
