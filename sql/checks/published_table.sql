-- A publication sends rows of every tenant to whoever may replicate: row security does not apply.
-- Level: warning
-- Remedy: DROP it where it is not meant; keep REPLICATION logins out of the application.

SELECT
    format('%I.%I', t.schemaname, t.tablename) AS object,
    'publication ' || t.pubname AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_publication_tables AS t
    ON p.schema_name = t.schemaname AND p.table_name = t.tablename;
