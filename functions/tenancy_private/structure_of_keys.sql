-- tenancy_private.structure_of_keys(p_schema): constraints and indexes of cloned tables.
--
-- tenant_check: in a schema of its own each table admits one tenant. The template has no such
--              constraint; what it would be is said for it. It replaces the foreign key to the
--              tenants, whose end would lock everybody out of that table.
-- By index:    a thousand new schemas are a large catalog that has no statistics yet.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of_keys(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $function$
    SELECT
        t.table_name,
        CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'key' END,
        k.conname::text,
        pg_get_constraintdef(k.oid)
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_constraint AS k ON t.relation = k.conrelid
    WHERE k.contype IN ('p', 'u', 'x', 'f', 'c')
      AND k.confrelid <> 'tenancy_private.tenant'::regclass
    UNION ALL
    SELECT t.table_name, 'check', 'tenant_check', 'CHECK ((tenant_id = ''<tenant>''::uuid))'
    FROM tenancy_private.cloned_table(p_schema) AS t
    WHERE p_schema = 'app'
    UNION ALL
    SELECT t.table_name, 'index', c.relname::text, pg_get_indexdef(i.indexrelid)
    FROM tenancy_private.cloned_table(p_schema) AS t
    INNER JOIN pg_index AS i ON t.relation = i.indrelid
    INNER JOIN pg_class AS c ON i.indexrelid = c.oid
    WHERE NOT EXISTS (
        SELECT
        FROM pg_constraint AS k
        WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
    );
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of_keys(name) IS
'Kinds key, check, foreign key and index.';

ALTER FUNCTION tenancy_private.structure_of_keys(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of_keys(name) FROM public;
