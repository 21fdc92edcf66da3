-- One restrictive policy holds every command of every role to tenant_id = (SELECT the context).
-- Where there is no tenancy.tenant_id(), the shape is what counts: tenant_id = …, without OR.
-- Remedy: SELECT tenancy.protect_table(…) as the owner of the table writes the wall anew.

WITH wall AS (
    SELECT
        w.polname,
        format('%I.%I', n.nspname, c.relname) AS object,
        w.polcmd = '*' AS has_all_commands,
        w.polroles = '{0}' AS has_all_roles,
        pg_get_expr(w.polqual, w.polrelid) AS reads,
        coalesce(
            pg_get_expr(w.polwithcheck, w.polrelid), pg_get_expr(w.polqual, w.polrelid)
        ) AS writes,
        CASE
            WHEN EXISTS (SELECT FROM pg_catalog.pg_namespace AS x WHERE x.nspname = 'tenancy')
                THEN '^\(tenant_id = \( SELECT tenancy\.tenant_id\(\) AS tenant_id\)\)$'
            ELSE '^\((?!.* OR )(\(tenant_id\)::[a-z ]+|tenant_id) = .*\)$'
        END AS shape
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
    WHERE
        c.relrowsecurity
        AND NOT w.polpermissive
        AND (w.polname = 'tenant_wall' OR pg_get_expr(w.polqual, w.polrelid) ~ '\mtenant_id\M')
)

SELECT
    w.object,
    string_agg(
        concat_ws(
            ', ',
            w.polname,
            CASE WHEN NOT w.has_all_commands THEN 'not for all commands' END,
            CASE WHEN NOT w.has_all_roles THEN 'not to public' END,
            CASE WHEN w.reads !~ w.shape THEN 'USING ' || w.reads END,
            CASE WHEN w.writes !~ w.shape THEN 'WITH CHECK ' || w.writes END
        ), '; '
    ) AS detail
FROM wall AS w
GROUP BY w.object
HAVING NOT bool_or(
    w.has_all_commands AND w.has_all_roles AND w.reads ~ w.shape AND w.writes ~ w.shape
);
