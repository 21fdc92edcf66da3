-- A partition or child of a protected table is reached through its parent only: the parent's wall
-- does not stand in front of a child that is named itself.
-- Remedy: REVOKE ALL ON … FROM … on the child.

WITH RECURSIVE family (oid) AS (
    SELECT c.oid
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    UNION
    SELECT i.inhrelid
    FROM family AS f
    INNER JOIN pg_catalog.pg_inherits AS i ON f.oid = i.inhparent
)

SELECT
    c.oid::regclass::text AS object,
    'to ' || string_agg(DISTINCT coalesce(r.rolname, 'public'), ', ') AS detail
FROM family AS f
INNER JOIN pg_catalog.pg_inherits AS i ON f.oid = i.inhrelid
INNER JOIN pg_catalog.pg_class AS c ON f.oid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_attribute AS t ON c.oid = t.attrelid AND NOT t.attisdropped
CROSS JOIN LATERAL aclexplode(c.relacl || t.attacl) AS a
LEFT JOIN pg_catalog.pg_roles AS r ON a.grantee = r.oid
WHERE
    a.grantee <> c.relowner
    AND NOT EXISTS (
        SELECT FROM tenancy.registered_table AS p
        WHERE p.schema_name = n.nspname AND p.table_name = c.relname
    )
GROUP BY c.oid;
