-- Nobody may UPDATE tenant_id: a row never moves to another tenant.
-- Remedy: REVOKE UPDATE (tenant_id) ON … FROM ….

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    'to ' || string_agg(
        coalesce(r.rolname, 'public'), ', ' ORDER BY r.rolname
    ) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_attribute AS t ON c.oid = t.attrelid AND t.attname = 'tenant_id'
CROSS JOIN LATERAL aclexplode(t.attacl) AS a
LEFT JOIN pg_catalog.pg_roles AS r ON a.grantee = r.oid
WHERE a.privilege_type = 'UPDATE' AND a.grantee NOT IN (0, c.relowner)
GROUP BY n.nspname, c.relname;
