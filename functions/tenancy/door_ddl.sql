-- tenancy.door_ddl(p_table): the statements that open the doors of a registered table.
--
-- Door:        one permissive policy per command and row scope of tenancy.access_matrix.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.door_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH door AS (
        SELECT
            m.row_scope || '_' || m.command AS name,
            upper(m.command) AS command,
            string_agg(r.database_role, ', ' ORDER BY r.rank) AS roles,
            CASE m.row_scope
                WHEN 'tenant' THEN 'true'
                ELSE format('%I = (SELECT tenancy.actor_id())', p.subject_column)
            END AS rule
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        INNER JOIN tenancy.access_matrix AS m
            ON m.resource = p.schema_name || '.' || p.table_name
        INNER JOIN tenancy.tenant_role AS r ON m.role = r.role
        WHERE c.oid = p_table
        GROUP BY m.row_scope, m.command, p.subject_column
    )

    SELECT format(E'CREATE POLICY %s ON %s FOR %s\nTO %s%s%s;', d.name, p_table, d.command,
        d.roles,
        CASE WHEN d.command <> 'INSERT' THEN format(E'\nUSING (%s)', d.rule) END,
        CASE WHEN d.command IN ('INSERT', 'UPDATE')
            THEN format(E'\nWITH CHECK (%s)', d.rule) END) AS text
    FROM door AS d
    ORDER BY text;
$function$;

COMMENT ON FUNCTION tenancy.door_ddl(regclass) IS
'Statements that create one policy per command and row scope of the access matrix.';

ALTER FUNCTION tenancy.door_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.door_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.door_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
