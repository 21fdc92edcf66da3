-- A foreign table has no row security: beside protected tables, or with a tenant_id, nobody but its
-- owner reaches it.
-- Remedy: REVOKE ALL ON … FROM …; read it inside a function that names the tenant.

SELECT
    f.oid::regclass::text AS object,
    'to ' || string_agg(DISTINCT coalesce(r.rolname, 'public'), ', ') AS detail
FROM pg_catalog.pg_class AS f
INNER JOIN pg_catalog.pg_namespace AS n ON f.relnamespace = n.oid
INNER JOIN pg_catalog.pg_attribute AS t ON f.oid = t.attrelid AND NOT t.attisdropped
CROSS JOIN LATERAL aclexplode(f.relacl || t.attacl) AS a
LEFT JOIN pg_catalog.pg_roles AS r ON a.grantee = r.oid
WHERE
    f.relkind = 'f'
    AND a.grantee <> f.relowner
    AND (
        n.nspname IN (SELECT p.schema_name FROM tenancy.registered_table AS p)
        OR EXISTS (
            SELECT FROM pg_catalog.pg_attribute AS x
            WHERE x.attrelid = f.oid AND x.attname = 'tenant_id'
        )
    )
GROUP BY f.oid;
