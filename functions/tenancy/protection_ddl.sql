-- tenancy.protection_ddl(p_table): the statements that protect a registered table.
--
-- One shape:   policies/app/*.sql and tenancy.protect_table() are this text, so that the wall and
--              the doors read the same on every table.
-- Tests:       tests/policies/test_walls_and_doors.py

CREATE OR REPLACE FUNCTION tenancy.protection_ddl(p_table regclass)
RETURNS SETOF text
LANGUAGE sql
STABLE
SECURITY INVOKER
ROWS 20
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT s.text
FROM (
    SELECT 1 AS part, d.line, d.text
    FROM tenancy.wall_ddl(p_table) WITH ORDINALITY AS d (text, line)
    UNION ALL
    SELECT 2 AS part, d.line, d.text
    FROM tenancy.door_ddl(p_table) WITH ORDINALITY AS d (text, line)
    UNION ALL
    SELECT 3 AS part, d.line, d.text
    FROM tenancy.grant_ddl(p_table) WITH ORDINALITY AS d (text, line)
) AS s
ORDER BY s.part, s.line;
END;

COMMENT ON FUNCTION tenancy.protection_ddl(regclass) IS
'Statements that give a registered table its wall, doors and column grants, in order.';

ALTER FUNCTION tenancy.protection_ddl(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protection_ddl(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protection_ddl(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;
