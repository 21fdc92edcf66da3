-- A table that lies beside protected ones, or has a tenant_id and grants, is itself protected.
-- Needs: the registry
-- Remedy: SELECT tenancy.protect_table(…), or move the table to another schema.

SELECT format('%I.%I', n.nspname, c.relname) AS object
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)
    AND NOT EXISTS (
        SELECT
        FROM tenancy.registered_table AS p
        WHERE p.schema_name = n.nspname AND p.table_name = c.relname
    )
    AND (
        n.nspname IN (SELECT p.schema_name FROM tenancy.registered_table AS p)
        OR (
            pg_get_userbyid(c.relowner) NOT IN ('tenancy_kernel', 'tenancy_auditor')
            AND n.nspname !~ '^(pg_|information_schema$)'
            AND EXISTS (
                SELECT
                FROM pg_catalog.pg_attribute AS t
                WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped
            )
            AND EXISTS (
                SELECT
                FROM pg_catalog.pg_attribute AS t
                CROSS JOIN LATERAL aclexplode(c.relacl || t.attacl) AS a
                WHERE t.attrelid = c.oid AND a.grantee <> c.relowner
            )
        )
    );
