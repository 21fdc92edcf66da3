-- Every other index of a protected table starts with tenant_id: comparisons that are leak-proof run
-- in the index, below the policy, where EXPLAIN ANALYZE and statistics count what they found.
-- Remedy: rebuild it as (tenant_id, …).

SELECT
    i.indexrelid::regclass::text AS object,
    pg_get_indexdef(i.indexrelid) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_index AS i ON c.oid = i.indrelid
INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
INNER JOIN pg_catalog.pg_am AS m ON x.relam = m.oid
LEFT JOIN pg_catalog.pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
WHERE
    m.amname IN ('btree', 'hash', 'brin')
    AND NOT (i.indisunique OR i.indisexclusion)
    AND a.attname IS DISTINCT FROM 'tenant_id';
