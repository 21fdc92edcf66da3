-- A SECURITY DEFINER function has a search_path that ends with pg_temp, no EXECUTE for PUBLIC, and
-- one of our owners.
-- Remedy: stamp the function's source again.

SELECT p.oid::regprocedure::text AS object
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
WHERE
    p.prosecdef
    AND n.nspname IN ('tenancy', 'tenancy_private', 'app')
    AND (
        NOT coalesce('search_path=pg_catalog, pg_temp' = any(p.proconfig), false)
        OR p.proacl IS NULL
        OR EXISTS (
            SELECT FROM aclexplode(p.proacl) AS a
            WHERE a.grantee = 0
        )
        OR pg_get_userbyid(p.proowner) NOT IN (
            'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'
        )
    );
