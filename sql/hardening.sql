-- Which blocks of sql/harden.sql are in force here: name, in_force.

WITH lever (block, pattern) AS (
    VALUES
    ('set_config', '^set_config$'),
    ('xml_functions', '^(query|table|schema|database|cursor)_to_xml'),
    ('text_search_queries', '^ts_stat$'),
    ('advisory_locks', '^pg_(try_)?advisory_'),
    (
        'table_statistics',
        '^pg_stat_get_(xact_)?(tuples|blocks|numscans|live|dead)|^pg_stat_get_(ins|mod)_since'
    ),
    ('large_objects', '^lo_(creat|create|from_bytea|open|get|put|unlink)$'),
    ('signals', '^pg_(terminate|cancel)_backend$'),
    ('notify', '^pg_notify$'),
    ('sleep', '^pg_sleep'),
    ('sessions_of_others', '^pg_(stat_get_(activity|backend_.*|progress_info)|lock_status)$'),
    ('snapshots_and_messages', '^(pg_export_snapshot|pg_logical_emit_message)$')
)

SELECT
    l.block AS name,
    NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS p
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
        WHERE
            p.pronamespace = 'pg_catalog'::regnamespace
            AND p.proname ~ l.pattern
            AND a.grantee = 0
    )
    AND (
        l.block <> 'text_search_queries'
        OR NOT has_function_privilege('tenancy_gateway', 'ts_rewrite(tsquery, text)', 'EXECUTE')
    ) AS in_force
FROM lever AS l
UNION ALL
SELECT
    'backup_role' AS name,
    (
        SELECT count(*) > 0
        FROM pg_catalog.pg_roles AS r
        WHERE
            r.rolname = 'tenancy_backup'
            AND r.rolbypassrls
            AND has_database_privilege(r.oid, current_database(), 'CONNECT')
            AND pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
    ) AS in_force
UNION ALL
SELECT
    'vacuumdb' AS name,
    NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_namespace AS n
        WHERE
            pg_get_userbyid(n.nspowner) IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
            AND NOT has_schema_privilege('pg_database_owner', n.oid, 'USAGE')
    ) AS in_force
UNION ALL
SELECT
    'plpgsql' AS name,
    NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_language AS g
        CROSS JOIN LATERAL aclexplode(coalesce(g.lanacl, acldefault('l', g.lanowner))) AS a
        WHERE g.lanname = 'plpgsql' AND a.grantee = 0
    ) AS in_force
UNION ALL
SELECT
    x.block AS name,
    (
        SELECT count(*) > 0
        FROM pg_catalog.pg_db_role_setting AS s
        INNER JOIN pg_catalog.pg_roles AS r ON s.setrole = r.oid
        CROSS JOIN LATERAL unnest(s.setconfig) AS u (setting)
        WHERE r.rolname = 'tenancy_gateway' AND u.setting ~ x.pattern
    ) AS in_force
FROM (
    VALUES
    ('temp_file_limit', '^temp_file_limit=[0-9]'),
    ('log_parameters', '^log_parameter_max_length_on_error=0$')
) AS x (block, pattern)
ORDER BY name;
