-- Keys, unique indexes and foreign keys of protected tables start with tenant_id.
-- Remedy: rebuild them as (tenant_id, …): otherwise they tell what exists in another tenant.

SELECT i.indexrelid::regclass::text AS object
FROM tenancy.protected_table AS p
INNER JOIN pg_catalog.pg_index AS i
    ON i.indrelid = to_regclass(format('%I.%I', p.schema_name, p.table_name))
LEFT JOIN pg_catalog.pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
WHERE a.attname IS DISTINCT FROM 'tenant_id'
UNION ALL
SELECT k.conname
FROM tenancy.protected_table AS p
INNER JOIN pg_catalog.pg_constraint AS k
    ON k.contype = 'f' AND k.conrelid = to_regclass(format('%I.%I', p.schema_name, p.table_name))
INNER JOIN pg_catalog.pg_attribute AS a ON k.conrelid = a.attrelid AND k.conkey[1] = a.attnum
WHERE a.attname <> 'tenant_id';
