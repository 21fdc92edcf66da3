-- tenancy_private.structure_of(p_schema): what the tables of a schema are made of.
--
-- Comparable:  the schema is called app and its tenant <tenant> in every definition.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE FUNCTION tenancy_private.structure_of(p_schema name)
RETURNS TABLE (table_name name, kind text, name text, definition text)
LANGUAGE sql
STABLE
SECURITY DEFINER
ROWS 500
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        s.table_name, s.kind, s.name,
        CASE WHEN p_schema = 'app' THEN s.definition ELSE replace(
            replace(s.definition, p_schema || '.', 'app.'),
            (CASE WHEN p_schema ~ '^t_[0-9a-f]{32}$' THEN substr(p_schema, 3) END)::uuid::text,
            '<tenant>'
        ) END
    FROM (
        SELECT t.table_name, 'table' AS kind, '' AS name, '' AS definition
        FROM tenancy_private.cloned_table(p_schema) AS t
        UNION ALL
        SELECT c.* FROM tenancy_private.structure_of_columns(p_schema) AS c
        UNION ALL
        SELECT k.* FROM tenancy_private.structure_of_keys(p_schema) AS k
        UNION ALL
        SELECT r.* FROM tenancy_private.structure_of_rules(p_schema) AS r
        UNION ALL
        SELECT g.* FROM tenancy_private.structure_of_grants(p_schema) AS g
        UNION ALL
        SELECT m.* FROM tenancy_private.structure_of_comments(p_schema) AS m
    ) AS s;
$function$;

COMMENT ON FUNCTION tenancy_private.structure_of(name) IS
'Tables, columns, keys, rules, grants and comments, with definitions that are equal where the structure is.';

ALTER FUNCTION tenancy_private.structure_of(name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.structure_of(name) FROM public;
