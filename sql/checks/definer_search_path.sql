-- A SECURITY DEFINER function has a BEGIN ATOMIC body, or a search_path that ends with pg_temp and
-- names no schema where others may create: a path without pg_temp searches it first.
-- Remedy: ALTER FUNCTION … SET search_path = pg_catalog, pg_temp, and qualify every other name.

SELECT
    p.oid::regprocedure::text AS object,
    coalesce(s.setting, 'no search_path') AS detail
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
LEFT JOIN LATERAL (
    SELECT u.setting
    FROM unnest(p.proconfig) AS u (setting)
    WHERE u.setting ~ '^search_path='
) AS s ON true
WHERE
    p.prosecdef
    AND p.prosqlbody IS NULL
    AND n.nspname !~ '^(pg_|information_schema$)'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
    AND (
        s.setting IS NULL
        OR s.setting !~ '[=,] *"?pg_temp"?$'
        OR EXISTS (
            SELECT
            FROM string_to_table(split_part(s.setting, '=', 2), ',') AS x (name)
            LEFT JOIN pg_catalog.pg_namespace AS f ON btrim(x.name, ' "') = f.nspname
            CROSS JOIN LATERAL aclexplode(f.nspacl) AS a
            WHERE a.privilege_type = 'CREATE' AND a.grantee NOT IN (f.nspowner, p.proowner)
        )
        OR s.setting ~ '\$user'
    );
