-- Primary keys, unique indexes and exclusion constraints of protected tables start with tenant_id:
-- otherwise a duplicate tells which values another tenant uses.
-- Remedy: rebuild them as (tenant_id, …).

SELECT
    i.indexrelid::regclass::text AS object,
    pg_get_indexdef(i.indexrelid) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_index AS i ON c.oid = i.indrelid
LEFT JOIN pg_catalog.pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
WHERE
    (i.indisunique OR i.indisexclusion)
    AND a.attname IS DISTINCT FROM 'tenant_id';
