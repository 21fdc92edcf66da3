-- A SECURITY DEFINER function is executable by name, never by PUBLIC, which is the default.
-- Remedy: REVOKE ALL ON FUNCTION … FROM PUBLIC, then GRANT EXECUTE to the roles that need it.

SELECT
    p.oid::regprocedure::text AS object,
    'runs as ' || pg_get_userbyid(p.proowner) AS detail
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
WHERE
    p.prosecdef
    AND n.nspname !~ '^(pg_|information_schema$)'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
    AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
        WHERE a.grantee = 0
    );
