-- TRUNCATE and MAINTAIN pass row security by, a TRIGGER runs its author's code in every tenant's
-- session, REFERENCES probes for keys. Only owners of protected tables may reference one.
-- Remedy: REVOKE TRUNCATE, REFERENCES, TRIGGER ON … FROM …; MAINTAIN on 17 and later.

SELECT
    format('%I.%I', n.nspname, c.relname) AS object,
    string_agg(DISTINCT a.privilege_type, ', ')
    || ' to ' || pg_get_userbyid(a.grantee) AS detail
FROM tenancy.registered_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
INNER JOIN pg_catalog.pg_attribute AS t ON c.oid = t.attrelid AND NOT t.attisdropped
CROSS JOIN LATERAL aclexplode(c.relacl || t.attacl) AS a
WHERE
    a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
    AND a.grantee NOT IN (0, c.relowner)
    AND NOT (
        a.privilege_type = 'REFERENCES'
        AND a.grantee IN (
            SELECT o.relowner
            FROM tenancy.registered_table AS q
            INNER JOIN pg_catalog.pg_namespace AS m ON q.schema_name = m.nspname
            INNER JOIN pg_catalog.pg_class AS o
                ON m.oid = o.relnamespace AND q.table_name = o.relname
        )
    )
GROUP BY n.nspname, c.relname, a.grantee;
