-- Every protected table has a whole, valid index that starts with tenant_id: the wall is compared
-- in each statement, and without one each tenant reads the rows of all.
-- Remedy: CREATE INDEX CONCURRENTLY … (tenant_id, …).

SELECT format('%I.%I', n.nspname, c.relname) AS object
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
WHERE NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_index AS i
    INNER JOIN pg_catalog.pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
    WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = 'tenant_id'
);
