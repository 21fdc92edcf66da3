-- Row security binds the owner of a protected table too, and with it every definer of the owner.
-- Remedy: ALTER TABLE … FORCE ROW LEVEL SECURITY.

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    'its owner ' || pg_get_userbyid(c.relowner) || ' sees every tenant' AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
WHERE c.relrowsecurity AND NOT c.relforcerowsecurity;
