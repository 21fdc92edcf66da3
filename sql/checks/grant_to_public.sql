-- Nothing of a protected table is granted to PUBLIC: that is every role of the cluster.
-- Remedy: REVOKE ALL ON … FROM PUBLIC.

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    string_agg(DISTINCT a.privilege_type, ', ') AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_attribute AS t ON c.oid = t.attrelid AND NOT t.attisdropped
CROSS JOIN LATERAL aclexplode(c.relacl || t.attacl) AS a
WHERE a.grantee = 0
GROUP BY n.nspname, c.relname;
