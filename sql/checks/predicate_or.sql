-- No alternative stands beside the comparison of tenant_id: "is_admin OR tenant_id = …" is a hole,
-- and a sequential scan at any size.
-- Remedy: administrators enter a tenant (tenancy.open_admin_session); doors are policies of a role.

WITH predicate AS (
    SELECT
        w.polname,
        format('%I.%I', n.nspname, c.relname) AS object,
        regexp_replace(
            concat_ws(
                ' ', pg_get_expr(w.polqual, w.polrelid), pg_get_expr(w.polwithcheck, w.polrelid)
            ), '''([^'']|'''')*''', '''''', 'g'
        ) AS rule
    FROM tenancy.protected_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
)

SELECT
    p.object,
    p.polname || ': ' || p.rule AS detail
FROM predicate AS p
WHERE
    regexp_replace(
        p.rule, '\( SELECT ([^()]|\(([^()]|\(([^()]|\([^()]*\))*\))*\))*\)', '?', 'g'
    ) ~ (
        '\mOR \(*tenant_id\M'
        '|\mtenant_id\)?(::[a-z ]+)? = [^()]*(\([^()]*\)[^()]*)*\)+( AND [^()]+\)+)* OR '
    );
