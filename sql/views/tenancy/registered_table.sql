-- tenancy.registered_table: the registry, with the tables of tenants' own schemas.
--
-- Own schema:  has the tables of app, whether they are there or not: one that is missing shows.
-- Tests:       tests/functions/tenancy/test_own_schema.py

CREATE OR REPLACE VIEW tenancy.registered_table
WITH (security_invoker = true) AS
SELECT
    p.schema_name,
    p.table_name,
    p.subject_column,
    p.server_columns,
    p.schema_name || '.' || p.table_name AS resource,
    NULL::uuid AS tenant_id
FROM tenancy.protected_table AS p
UNION ALL
SELECT
    n.nspname AS schema_name,
    p.table_name,
    p.subject_column,
    p.server_columns,
    p.schema_name || '.' || p.table_name AS resource,
    CASE WHEN n.nspname ~ '^t_[0-9a-f]{32}$' THEN substr(n.nspname, 3)::uuid END AS tenant_id
FROM tenancy.protected_table AS p
INNER JOIN pg_catalog.pg_namespace AS n ON n.nspname ~ '^t_[0-9a-f]{32}$'
WHERE p.schema_name = 'app';

COMMENT ON VIEW tenancy.registered_table IS
'Protected tables: those of tenancy.protected_table, and the same of app in each tenant''s own schema.';
COMMENT ON COLUMN tenancy.registered_table.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN tenancy.registered_table.table_name IS 'Name of the table.';
COMMENT ON COLUMN tenancy.registered_table.subject_column IS 'Column with the person a row is about.';
COMMENT ON COLUMN tenancy.registered_table.server_columns IS 'Columns that only triggers write.';
COMMENT ON COLUMN tenancy.registered_table.resource IS 'Name in tenancy.access_matrix.';
COMMENT ON COLUMN tenancy.registered_table.tenant_id IS 'Whose own schema; NULL for shared tables.';

ALTER VIEW tenancy.registered_table OWNER TO tenancy_kernel;
GRANT SELECT ON tenancy.registered_table
TO pg_database_owner, tenancy_builder, tenancy_owner, tenancy_admin;
