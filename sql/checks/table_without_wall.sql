-- Every registered table has FORCE row security and the restrictive wall of all commands.
-- Remedy: SELECT tenancy.protect_table(…) as the owner of the table.

SELECT format('%I.%I', p.schema_name, p.table_name) AS object
FROM tenancy.protected_table AS p
LEFT JOIN pg_catalog.pg_class AS c
    ON c.oid = to_regclass(format('%I.%I', p.schema_name, p.table_name))
WHERE
    c.relrowsecurity IS NOT TRUE
    OR c.relforcerowsecurity IS NOT TRUE
    OR NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS w
        WHERE
            w.polrelid = c.oid
            AND NOT w.polpermissive
            AND w.polcmd = '*'
            AND w.polroles = '{0}'
            AND pg_get_expr(w.polqual, w.polrelid)
            ~ '^\(tenant_id = \( SELECT tenancy\.tenant_id\(\)'
            AND pg_get_expr(w.polwithcheck, w.polrelid)
            ~ '^\(tenant_id = \( SELECT tenancy\.tenant_id\(\)'
    );
