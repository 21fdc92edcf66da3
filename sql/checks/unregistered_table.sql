-- A table in a schema that holds protected tables is itself registered.
-- Remedy: SELECT tenancy.protect_table(…), or move the table to another schema.

SELECT c.oid::regclass::text AS object
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind IN ('r', 'p', 'm', 'f')
    AND n.nspname IN (SELECT p.schema_name FROM tenancy.protected_table AS p)
    AND NOT EXISTS (
        SELECT
        FROM tenancy.protected_table AS p
        WHERE p.schema_name = n.nspname AND p.table_name = c.relname
    );
