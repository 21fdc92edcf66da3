-- tenancy.use_own_schema(): put the schema of a dedicated tenant first in the search_path.
--
-- Why:         the same unqualified statement then works for every tenant, wherever its rows are.
-- Why invoker: what a definer sets ends with it. Without a SET clause every name is
--              qualified, and NULLIF() would look for an operator.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy.use_own_schema()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_schema pg_catalog.name := tenancy.own_schema();
BEGIN
    IF v_schema IS NOT NULL THEN
        EXECUTE pg_catalog.format(
            'SET LOCAL search_path = %I%s', v_schema,
            pg_catalog.regexp_replace(pg_catalog.current_setting('search_path'), '^(?=.)', ', ')
        );
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.use_own_schema() IS
'For this transaction, find the tables of the current tenant''s own schema first, if it has one.';

ALTER FUNCTION tenancy.use_own_schema() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.use_own_schema() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.use_own_schema()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;
