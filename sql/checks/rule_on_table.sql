-- No rewrite rule lies on a protected table: what it does runs with the rights of its owner.
-- Remedy: DROP RULE; a trigger does the same with the caller's rights.

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    'rule ' || w.rulename AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_rewrite AS w ON c.oid = w.ev_class;
