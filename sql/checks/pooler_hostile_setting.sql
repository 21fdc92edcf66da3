-- No stored setting of a login that an application uses, or of this database, changes who it is or
-- what it sees: a pooler hands its connections to every tenant, and a role may ALTER itself.
-- Remedy: ALTER ROLE … RESET …, ALTER DATABASE … RESET …; then find out who set it.

WITH application (oid) AS (
    SELECT r.oid
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolname ~ '^tenancy_' AND r.rolname <> 'tenancy_backup'
    UNION
    SELECT a.grantee
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    INNER JOIN pg_catalog.pg_attribute AS t ON c.oid = t.attrelid AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(c.relacl || t.attacl) AS a
    WHERE a.grantee <> c.relowner
)

SELECT
    coalesce(r.rolname, d.datname, 'all roles') AS object,
    'stored: ' || u.setting AS detail
FROM pg_catalog.pg_db_role_setting AS s
CROSS JOIN LATERAL unnest(s.setconfig) AS u (setting)
LEFT JOIN pg_catalog.pg_roles AS r ON s.setrole = r.oid
LEFT JOIN pg_catalog.pg_database AS d ON s.setdatabase = d.oid
WHERE
    (s.setdatabase = 0 OR d.datname = current_database())
    AND (
        s.setrole = 0
        OR s.setrole IN (SELECT a.oid FROM application AS a)
        OR (
            r.rolcanlogin AND NOT r.rolsuper AND s.setrole IN (
                SELECT m.member FROM pg_catalog.pg_auth_members AS m
                INNER JOIN application AS a ON m.roleid = a.oid
            )
        )
    )
    AND split_part(u.setting, '=', 1) ~ (
        '^(search_path|role|session_authorization|row_security|session_replication_role'
        '|default_transaction_(read_only|isolation|deferrable)|tenancy\..*)$'
    );
