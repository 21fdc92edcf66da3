-- A view over protected tables, direct or through other views, is security_invoker: otherwise the
-- doors are those of its owner, and so is the wall where the owner is above row security.
-- Remedy: ALTER VIEW … SET (security_invoker = true).

WITH RECURSIVE source (oid) AS (
    SELECT c.oid
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    UNION
    SELECT w.ev_class
    FROM source AS s
    INNER JOIN pg_catalog.pg_depend AS d
        ON d.refclassid = 'pg_class'::regclass AND s.oid = d.refobjid
    INNER JOIN pg_catalog.pg_rewrite AS w
        ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
)

SELECT
    v.oid::regclass::text AS object,
    'reads as ' || pg_get_userbyid(v.relowner) AS detail
FROM source AS s
INNER JOIN pg_catalog.pg_class AS v ON s.oid = v.oid
WHERE
    v.relkind = 'v'
    AND NOT coalesce(
        (
            SELECT o.option_value::boolean
            FROM pg_options_to_table(v.reloptions) AS o
            WHERE o.option_name = 'security_invoker'
        ), false
    );
