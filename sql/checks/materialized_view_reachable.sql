-- A materialized view over protected tables holds rows of every tenant and has no row security:
-- nobody but its owner reads it.
-- Remedy: REVOKE ALL ON … FROM …, and serve it through a function that names the tenant.

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
    'to ' || string_agg(DISTINCT coalesce(r.rolname, 'public'), ', ') AS detail
FROM source AS s
INNER JOIN pg_catalog.pg_class AS v ON s.oid = v.oid
INNER JOIN pg_catalog.pg_attribute AS t ON v.oid = t.attrelid AND NOT t.attisdropped
CROSS JOIN LATERAL aclexplode(v.relacl || t.attacl) AS a
LEFT JOIN pg_catalog.pg_roles AS r ON a.grantee = r.oid
WHERE v.relkind = 'm' AND a.grantee <> v.relowner
GROUP BY v.oid;
