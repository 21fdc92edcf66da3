-- A login other than the superuser reads every row for backups, by BYPASSRLS, CONNECT and SELECT on
-- every protected table: without them pg_dump stops at the first one.
-- Level: warning
-- Remedy: tenancy harden makes tenancy_backup; give it a password or a certificate.

SELECT current_database() AS object
WHERE
    (SELECT count(p.table_name) > 0 FROM tenancy.registered_table AS p)
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_roles AS r
        WHERE
            r.rolcanlogin
            AND r.rolbypassrls
            AND NOT r.rolsuper
            AND has_database_privilege(r.oid, current_database(), 'CONNECT')
            AND NOT EXISTS (
                SELECT
                FROM tenancy.registered_table AS p
                INNER JOIN pg_catalog.pg_namespace AS n ON p.schema_name = n.nspname
                INNER JOIN pg_catalog.pg_class AS c
                    ON n.oid = c.relnamespace AND p.table_name = c.relname
                WHERE NOT has_table_privilege(r.oid, c.oid, 'SELECT')
            )
    );
