-- No SECURITY DEFINER function belongs to a superuser or to a role that bypasses row security:
-- inside it, no wall stands.
-- Remedy: ALTER FUNCTION … OWNER TO a role that row security binds.

SELECT
    p.oid::regprocedure::text AS object,
    'runs as ' || r.rolname AS detail
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
INNER JOIN pg_catalog.pg_roles AS r ON p.proowner = r.oid
WHERE
    p.prosecdef
    AND (r.rolsuper OR r.rolbypassrls)
    AND n.nspname !~ '^(pg_|information_schema$)'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    );
