-- tenancy.wall_ddl(p_table): the statements that build the wall of a registered table.
--
-- First:       what an earlier run made is dropped by name; a policy of the team's own stays, and
--              cannot cross the wall.
-- Owners:      tenancy_owner too, for the jobs that export, import and purge.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.wall_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 10
SET search_path = pg_catalog, pg_temp
AS $function$
    WITH target AS (
        SELECT
            p_table AS name,
            concat_ws(', ', quote_ident(pg_get_userbyid(c.relowner)),
                CASE WHEN c.relowner <> 'tenancy_owner'::regrole THEN 'tenancy_owner' END
            ) AS owners
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN tenancy.protected_table AS p
            ON n.nspname = p.schema_name AND c.relname = p.table_name
        WHERE c.oid = p_table
    )

    SELECT s.text
    FROM target AS t
    CROSS JOIN LATERAL (
        SELECT 10 AS line, format('DROP POLICY IF EXISTS %s ON %s;', x.name, t.name) AS text
        FROM unnest(ARRAY[
            'tenant_wall', 'owner_door',
            'tenant_select', 'tenant_insert', 'tenant_update', 'tenant_delete',
            'subject_select', 'subject_insert', 'subject_update', 'subject_delete'
        ]) AS x (name)
        UNION ALL
        SELECT 20, format(E'ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n'
            'ALTER TABLE %1$s FORCE ROW LEVEL SECURITY;', t.name)
        UNION ALL
        SELECT 30, format(E'CREATE POLICY tenant_wall ON %s AS RESTRICTIVE FOR ALL TO public\n'
            'USING (tenant_id = (SELECT tenancy.tenant_id()))\n'
            'WITH CHECK (tenant_id = (SELECT tenancy.tenant_id()));', t.name)
        UNION ALL
        SELECT 31, format(E'COMMENT ON POLICY tenant_wall ON %s IS\n'
            '%L;', t.name, 'Restrictive: no permissive policy added later can cross tenants.')
        UNION ALL
        SELECT 40, format('CREATE POLICY owner_door ON %s TO %s USING (true);', t.name, t.owners)
        UNION ALL
        SELECT 41, format(E'COMMENT ON POLICY owner_door ON %s IS\n'
            '%L;', t.name, 'Definer functions of the owner work, and only inside the tenant.')
    ) AS s
    ORDER BY s.line, s.text;
$function$;

COMMENT ON FUNCTION tenancy.wall_ddl(regclass) IS
'Statements that give a registered table FORCE row security, its wall and the door of its owner, in order.';

ALTER FUNCTION tenancy.wall_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.wall_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.wall_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
