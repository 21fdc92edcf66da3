-- The policy that compares tenant_id is restrictive: permissive ones are alternatives, so that any
-- other policy of the table opens what this one closes.
-- Remedy: DROP POLICY, then CREATE POLICY … AS RESTRICTIVE FOR ALL TO PUBLIC.

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    'only permissive: ' || string_agg(w.polname, ', ' ORDER BY w.polname) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
WHERE
    c.relrowsecurity
    AND (w.polname = 'tenant_wall' OR pg_get_expr(w.polqual, w.polrelid) ~ '\mtenant_id\M')
GROUP BY n.nspname, c.relname
HAVING bool_and(w.polpermissive);
