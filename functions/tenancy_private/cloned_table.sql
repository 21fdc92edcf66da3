-- tenancy_private.cloned_table(p_schema): registered tables of app, there or in a tenant's schema.
--
-- By index:    of name and schema; every schema has tables of these names.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.cloned_table(p_schema name)
RETURNS TABLE (relation oid, table_name name)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 20
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.oid, c.relname
    FROM tenancy.protected_table AS p
    INNER JOIN pg_class AS c
        ON p.table_name = c.relname
        AND c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = p_schema)
    WHERE p.schema_name = 'app' AND c.relkind = 'r';
$function$;

COMMENT ON FUNCTION tenancy_private.cloned_table(name) IS
'Tables of this schema that have the name of a registered table of app.';

ALTER FUNCTION tenancy_private.cloned_table(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.cloned_table(name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.cloned_table(name)
TO tenancy_owner;
