-- No function carries a key, a token or a password in its text: pg_proc is readable by everybody,
-- and so are dumps, logs and repositories.
-- Remedy: rotate the key now; keep it in a table that only the function's owner reads.

SELECT
    p.oid::regprocedure::text AS object,
    'a literal like ' || left(m.found[1], 9) || '…' AS detail
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
CROSS JOIN LATERAL (
    SELECT coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS source
) AS s
CROSS JOIN LATERAL regexp_matches(
    s.source,
    '(''(?:\\x)?[0-9a-fA-F]{32,}'''
    '|''(?=[^'']*[0-9])(?=[^'']*[a-z])(?=[^'']*[A-Z])[A-Za-z0-9+/_-]{40,}={0,2}'''
    '|\m(?:sk|rk|pk|whsec)_(?:live_)?[A-Za-z0-9_-]{20,}'
    '|\meyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.'
    '|-----BEGIN [A-Z ]*PRIVATE KEY'
    '|\mpostgres(?:ql)?://[^:@/ '']+:[^@ '']+@)'
) AS m (found)
WHERE
    n.nspname !~ '^(pg_|information_schema$)'
    -- an alphabet is no key
    AND m.found[1] !~ '0123456789|ABCDEFGHIJ'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    );
