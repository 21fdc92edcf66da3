-- No alternative stands beside the comparison of tenant_id: "is_admin OR tenant_id = …" is a hole,
-- and a sequential scan at any size.
-- Remedy: administrators enter a tenant (tenancy.open_admin_session); doors are policies of a role.

-- Innermost parentheses without tenant_id, and sub-selects, are taken out until none is left.
WITH RECURSIVE predicate (object, polname, rule, rest) AS (
    SELECT
        format('%I.%I', n.nspname, c.relname),
        w.polname,
        r.rule,
        regexp_replace(r.rule, '''([^'']|'''')*''', '''''', 'g')
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
    CROSS JOIN LATERAL (
        SELECT concat_ws(
            ' ', pg_get_expr(w.polqual, w.polrelid), pg_get_expr(w.polwithcheck, w.polrelid)
        ) AS rule
    ) AS r
    UNION ALL
    SELECT
        p.object,
        p.polname,
        p.rule,
        regexp_replace(p.rest, '\(( SELECT |(?![^()]*\mtenant_id\M))[^()]*\)', '.')
    FROM predicate AS p
    WHERE p.rest ~ '\(( SELECT |(?![^()]*\mtenant_id\M))[^()]*\)'
)

SELECT
    p.object,
    p.polname || ': ' || p.rule AS detail
FROM predicate AS p
WHERE
    p.rest !~ '\(( SELECT |(?![^()]*\mtenant_id\M))[^()]*\)'
    AND p.rest ~ '\mtenant_id\M.* OR | OR .*\mtenant_id\M';
