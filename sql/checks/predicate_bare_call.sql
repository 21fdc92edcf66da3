-- A policy calls its context function inside a sub-select: once per statement, and an index may be
-- used. Bare, it runs per row, and in a parallel worker it finds no context and loses rows.
-- Remedy: write (SELECT f()) for f() in the policy.

WITH predicate AS (
    SELECT
        w.polname,
        format('%I.%I', n.nspname, c.relname) AS object,
        regexp_replace(
            concat_ws(
                ' ', pg_get_expr(w.polqual, w.polrelid), pg_get_expr(w.polwithcheck, w.polrelid)
            ), '''([^'']|'''')*''', '''''', 'g'
        ) AS rule
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    INNER JOIN pg_catalog.pg_policy AS w ON c.oid = w.polrelid
)

SELECT
    p.object,
    p.polname || ': ' || p.rule AS detail
FROM predicate AS p
-- Sub-selects up to four parentheses deep are taken out; a call that starts with a column is not
-- one of the context.
WHERE
    regexp_replace(
        regexp_replace(
            p.rule, '\( SELECT ([^()]|\(([^()]|\(([^()]|\([^()]*\))*\))*\))*\)', '?', 'g'
        ), '\mnow\(\)', '?', 'g'
    ) ~ '[a-z0-9_"]\((''''|\))';
