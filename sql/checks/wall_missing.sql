-- A protected table exists, has row security and a policy that compares tenant_id.
-- Remedy: SELECT tenancy.protect_table(…) as the table's owner; unregister_table() if it is gone.

SELECT
    format('%I.%I', p.schema_name, p.table_name) AS object,
    CASE
        WHEN c.oid IS NULL THEN 'no such table'
        WHEN NOT c.relrowsecurity THEN 'row security is off'
        ELSE 'no policy compares tenant_id'
    END AS detail
FROM tenancy.registered_table AS p
LEFT JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
LEFT JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
WHERE
    c.relrowsecurity IS NOT TRUE
    OR NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS w
        WHERE
            w.polrelid = c.oid
            AND (
                w.polname = 'tenant_wall'
                OR pg_get_expr(w.polqual, w.polrelid) ~ '\mtenant_id\M'
            )
    );
