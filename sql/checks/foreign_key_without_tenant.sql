-- A foreign key between two tenant tables pairs tenant_id with tenant_id, and starts with it:
-- otherwise it may point into another tenant, and tells what exists there.
-- Remedy: rebuild it as (tenant_id, …) REFERENCES … (tenant_id, …).

SELECT
    format('%s on %s', k.conname, k.conrelid::regclass) AS object,
    pg_get_constraintdef(k.oid) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_constraint AS k ON c.oid = k.conrelid AND k.contype = 'f'
INNER JOIN pg_catalog.pg_attribute AS a ON k.conrelid = a.attrelid AND k.conkey[1] = a.attnum
INNER JOIN pg_catalog.pg_attribute AS t
    ON k.confrelid = t.attrelid AND t.attname = 'tenant_id' AND NOT t.attisdropped
WHERE a.attname <> 'tenant_id' OR k.confkey[1] <> t.attnum;
