-- tenancy_private.relation_for(p_table): where the current tenant's rows of a table are.
--
-- For:         definers, which name a table of app and mean the tenant's.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.relation_for(p_table regclass)
RETURNS regclass
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_schema name := tenancy.own_schema();
BEGIN
    IF v_schema IS NULL THEN
        RETURN p_table;
    END IF;

    RETURN coalesce(
        (
            SELECT c.oid
            FROM pg_class AS t
            INNER JOIN pg_namespace AS n ON n.nspname = v_schema
            INNER JOIN pg_class AS c ON n.oid = c.relnamespace AND t.relname = c.relname
            WHERE t.oid = p_table AND t.relnamespace = 'app'::regnamespace
        ),
        p_table
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.relation_for(regclass) IS
'For a table of app, the table of the same name in the current tenant''s own schema, if it has one; else the table itself.';

ALTER FUNCTION tenancy_private.relation_for(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.relation_for(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.relation_for(regclass)
TO tenancy_owner;
