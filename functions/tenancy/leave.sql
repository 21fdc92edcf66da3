-- tenancy.leave(): give up the tenant before the transaction ends.
--
-- After it:    nothing is visible; only the same tenant, actor and role may enter again (TN003).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.leave()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
BEGIN
    PERFORM tenancy.retire_context();
    SET LOCAL ROLE NONE;
END;
$function$;

COMMENT ON FUNCTION tenancy.leave() IS
'End the context of this transaction and return to the login''s own role. Idempotent.';

ALTER FUNCTION tenancy.leave() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.leave() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.leave()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;
