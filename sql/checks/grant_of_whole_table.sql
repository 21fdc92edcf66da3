-- SELECT, INSERT and UPDATE of a protected table are granted by column: a whole-table UPDATE brings
-- LOCK TABLE and tenant_id with it, and a new column is open before anybody has classified it.
-- tenancy_owner has it on the tables of teams, for export and purge, and only inside the tenant.
-- Remedy: REVOKE it, then GRANT … (columns); tenancy.protect_table() writes the grants anew.

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
    || ' to ' || pg_get_userbyid(a.grantee) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE
    a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE')
    AND a.grantee NOT IN (0, c.relowner)
    AND pg_get_userbyid(a.grantee) <> 'tenancy_owner'
GROUP BY n.nspname, c.relname, a.grantee;
