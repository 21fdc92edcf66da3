-- The wall and the doors of every table in app, as the registry and the access matrix promise them.

BEGIN;

CREATE TEMPORARY TABLE guarded ON COMMIT DROP AS
SELECT
    p.schema_name,
    p.table_name,
    p.schema_name || '.' || p.table_name AS resource,
    pg_catalog.format('%I.%I', p.schema_name, p.table_name)::regclass AS relation
FROM tenancy.registered_table AS p
WHERE p.schema_name = 'app';

-- Every role an application or a person gets: what the matrix gives it, and nothing else.
CREATE TEMPORARY TABLE tenant_role ON COMMIT DROP AS
SELECT r.database_role, r.role FROM tenancy.tenant_role AS r
UNION ALL
VALUES ('tenancy_gateway'::name, NULL), ('tenancy_console', NULL), ('public', NULL);

SELECT plan((
    SELECT (5 * count(*) + 2 * count(*) * (SELECT count(*) FROM tenant_role))::integer + 2
    FROM guarded
));

SELECT tables_are('app', ARRAY(SELECT g.table_name FROM guarded AS g));

SELECT cmp_ok((SELECT count(*) FROM guarded), '>=', 13::bigint, 'the registry is not empty');

SELECT ok(
    c.relrowsecurity AND c.relforcerowsecurity,
    'row security is enabled and forced on ' || g.resource
)
FROM guarded AS g
INNER JOIN pg_catalog.pg_class AS c ON g.relation = c.oid;

SELECT policies_are(g.schema_name, g.table_name, ARRAY(
    SELECT DISTINCT (m.row_scope || '_' || m.command)::name
    -- a door for a subject needs the column that names them
    FROM tenancy.access_matrix AS m
    WHERE m.resource = g.resource
    UNION ALL
    SELECT unnest(ARRAY['tenant_wall', 'owner_door']::name [])
))
FROM guarded AS g;

SELECT is(
    (
        SELECT row(
            w.polpermissive, w.polcmd, w.polroles,
            pg_catalog.pg_get_expr(w.polqual, w.polrelid),
            pg_catalog.pg_get_expr(w.polwithcheck, w.polrelid)
        )::text
        FROM pg_catalog.pg_policy AS w
        WHERE w.polrelid = g.relation AND w.polname = 'tenant_wall'
    ),
    row(false, '*'::"char", '{0}'::oid [], expected.wall, expected.wall)::text,
    'tenant_wall of ' || g.resource || ' is restrictive, for every command and every role'
)
FROM guarded AS g
CROSS JOIN (
    VALUES ('(tenant_id = ( SELECT tenancy.tenant_id() AS tenant_id))')
) AS expected (wall);

SELECT policy_roles_are(g.schema_name, g.table_name, 'owner_door', '{tenancy_owner}'::name [])
FROM guarded AS g;

SELECT table_owner_is(
    g.schema_name, g.table_name, 'tenancy_owner'::name, g.resource || ' belongs to tenancy_owner'
) FROM guarded AS g;

-- All but DELETE is granted by column: no TRUNCATE, REFERENCES or TRIGGER, whatever comes later.
SELECT table_privs_are(g.schema_name, g.table_name, r.database_role, ARRAY(
    SELECT 'DELETE'
    FROM tenancy.access_matrix AS m
    WHERE m.resource = g.resource AND m.role = r.role AND m.command = 'delete'
))
FROM guarded AS g
CROSS JOIN tenant_role AS r;

-- Nobody moves a row: tenant_id is read, and written once.
SELECT column_privs_are(g.schema_name, g.table_name, 'tenant_id', r.database_role, ARRAY(
    SELECT upper(m.command)
    FROM tenancy.access_matrix AS m
    WHERE m.resource = g.resource AND m.role = r.role AND m.command IN ('select', 'insert')
))
FROM guarded AS g
CROSS JOIN tenant_role AS r;

SELECT finish();

ROLLBACK;
