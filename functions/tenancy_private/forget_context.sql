-- tenancy_private.forget_context(): outside again, after a function of the platform was inside.
--
-- Only where:  nothing of a client ran inside, so that no cursor and no deferred trigger of the
--              tenant is left. tenancy.leave() signs an end instead.
-- Tests:       tests/functions/tenancy/test_move_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.forget_context()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    SET LOCAL tenancy.context = '';
    SET LOCAL tenancy.request = '';
END;
$function$;

COMMENT ON FUNCTION tenancy_private.forget_context() IS
'Take back the context that a function of the platform signed for itself.';

ALTER FUNCTION tenancy_private.forget_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.forget_context() FROM public;
