-- tenancy.grant_ddl(p_table): the statements that grant a registered table by column.
--
-- Never:       tenant_id or a column kept by triggers in an UPDATE grant. DELETE has no columns.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.grant_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH target AS (
        SELECT p.server_columns, p.schema_name || '.' || p.table_name AS resource
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        WHERE c.oid = p_table
    ),

    column_list AS (
        SELECT
            upper(m.command) AS command,
            r.rank,
            r.database_role,
            string_agg(quote_ident(a.attname), E',\n    ' ORDER BY a.attnum)
                FILTER (WHERE m.command <> 'delete') AS columns
        FROM target AS t
        INNER JOIN tenancy.access_matrix AS m ON t.resource = m.resource
        INNER JOIN tenancy.tenant_role AS r ON m.role = r.role
        INNER JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attnum > 0
        WHERE NOT a.attisdropped
          AND (a.attname = ANY (m.columns) OR m.columns IS NULL)
          AND (m.command = 'select'
              OR (a.attgenerated = '' AND NOT a.attname = ANY (t.server_columns)))
          AND (m.command <> 'update' OR a.attname <> 'tenant_id')
        GROUP BY m.command, r.rank, r.database_role
    ),

    granted AS (
        SELECT l.command, l.columns, string_agg(l.database_role, ', ' ORDER BY l.rank) AS roles
        FROM column_list AS l
        GROUP BY l.command, l.columns
    )

    SELECT format(E'REVOKE ALL ON %s\nFROM public, %s;', p_table,
        string_agg(r.database_role, ', ' ORDER BY r.rank)) AS text
    FROM tenancy.tenant_role AS r
    HAVING EXISTS (SELECT FROM target)
    UNION ALL
    SELECT format('GRANT SELECT, INSERT, DELETE ON %s TO tenancy_owner;', p_table) AS text
    FROM pg_class AS c
    WHERE c.oid = p_table AND c.relowner <> 'tenancy_owner'::regrole
      AND EXISTS (SELECT FROM target)
    UNION ALL
    (
        SELECT CASE g.command
            WHEN 'DELETE' THEN format('GRANT DELETE ON %s TO %s;', p_table, g.roles)
            ELSE format(E'GRANT %s (\n    %s\n) ON %s\nTO %s;', g.command, g.columns, p_table,
                g.roles)
        END AS text
        FROM granted AS g
        ORDER BY text
    );
$function$;

COMMENT ON FUNCTION tenancy.grant_ddl(regclass) IS
'Statements that revoke everything and grant columns as the access matrix says, in order.';

ALTER FUNCTION tenancy.grant_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.grant_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.grant_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
