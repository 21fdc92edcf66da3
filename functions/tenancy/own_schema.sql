-- tenancy.own_schema(): the schema of the tenant in context, when its rows are there.
--
-- Signed:      placement is part of the context: a search_path of the client's moves nothing.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.own_schema()
RETURNS name
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.context_in_force();
BEGIN
    RETURN CASE WHEN substr(v_body, 70, 1) = 'd' THEN 't_' || substr(v_body, 5, 32) END;
END;
$function$;

COMMENT ON FUNCTION tenancy.own_schema() IS
'The name of the current tenant''s own schema; NULL when its rows are in the shared tables, or outside a tenant.';

ALTER FUNCTION tenancy.own_schema() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.own_schema() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.own_schema()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;
