-- No role of the application is a superuser or bypasses row security, nor may become one by SET
-- ROLE, nor reach the server's files, nor own the tables; only tenancy_backup bypasses.
-- Application roles: ours, those with grants on protected tables, and logins among their members.
-- Remedy: ALTER ROLE … NOSUPERUSER NOBYPASSRLS, or REVOKE the membership.

WITH granted (oid) AS (
    SELECT r.oid
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolname ~ '^tenancy_'
    UNION
    SELECT a.grantee
    FROM tenancy.registered_table AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND p.table_name = c.relname
    INNER JOIN pg_catalog.pg_attribute AS t ON c.oid = t.attrelid AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(c.relacl || t.attacl) AS a
    WHERE a.grantee NOT IN (0, c.relowner)
),

application AS (
    SELECT r.*
    FROM pg_catalog.pg_roles AS r
    WHERE
        r.rolname <> 'tenancy_backup'
        AND (
            r.oid IN (SELECT g.oid FROM granted AS g)
            OR (r.rolcanlogin AND r.oid IN (
                SELECT m.member FROM pg_catalog.pg_auth_members AS m
                INNER JOIN granted AS g ON m.roleid = g.oid
            ))
        )
)

SELECT
    a.rolname AS object,
    concat_ws(
        ', ',
        CASE WHEN a.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN a.rolbypassrls THEN 'BYPASSRLS' END,
        'member of ' || above.roles
    ) AS detail
FROM application AS a
LEFT JOIN LATERAL (
    SELECT string_agg(r.rolname, ', ' ORDER BY r.rolname) AS roles
    FROM pg_catalog.pg_roles AS r
    WHERE
        NOT a.rolsuper
        AND r.oid <> a.oid
        -- whoever made a role on 16 and later may grant it, which is not yet being it
        AND pg_has_role(
            a.oid, r.oid,
            CASE
                WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET, USAGE'
                ELSE 'MEMBER'
            END
        )
        AND (
            r.rolsuper
            OR r.rolbypassrls
            OR r.rolname IN (
                'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
                'tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'
            )
        )
) AS above ON true
WHERE a.rolsuper OR a.rolbypassrls OR above.roles IS NOT NULL;
