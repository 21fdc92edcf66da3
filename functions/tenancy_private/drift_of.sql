-- tenancy_private.drift_of(p_schema): what differs between app and a tenant's own schema.
--
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.drift_of(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, wanted text, found text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        coalesce(w.table_name, f.table_name), coalesce(w.kind, f.kind), coalesce(w.name, f.name),
        w.definition, f.definition
    FROM tenancy_private.structure_of('app') AS w
    FULL JOIN tenancy_private.structure_of(p_schema) AS f
        ON w.table_name = f.table_name AND w.kind = f.kind AND w.name = f.name
    WHERE w.definition IS DISTINCT FROM f.definition;
$function$;

COMMENT ON FUNCTION tenancy_private.drift_of(name) IS
'One row for each part that app has otherwise (wanted) than this schema (found); NULL where one has none.';

ALTER FUNCTION tenancy_private.drift_of(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.drift_of(name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy_private.drift_of(name)
TO tenancy_owner;
