-- A policy compares tenant_id itself: a cast of the column cannot use the index on it.
-- Remedy: cast the other side, tenant_id = (SELECT …::uuid).

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    w.polname || ': ' || pg_get_expr(w.polqual, w.polrelid) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND a.attname = 'tenant_id'
WHERE
    -- varchar and char are compared as text without being converted
    a.atttypid NOT IN ('varchar'::regtype, 'bpchar'::regtype)
    AND concat_ws(
        ' ', pg_get_expr(w.polqual, w.polrelid), pg_get_expr(w.polwithcheck, w.polrelid)
    ) ~ '\(tenant_id\)::';
