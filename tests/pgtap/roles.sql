-- The roles: none bypasses row security, logins inherit nothing, owners have no members.

BEGIN;

CREATE TEMPORARY TABLE expected ON COMMIT DROP AS
SELECT r.name, r.is_login
FROM (VALUES
    ('tenancy_kernel'::name, false),
    ('tenancy_owner', false),
    ('tenancy_auditor', false),
    ('tenancy_builder', false),
    ('tenancy_customer', false),
    ('tenancy_staff', false),
    ('tenancy_manager', false),
    ('tenancy_admin', false),
    ('tenancy_gateway', true),
    ('tenancy_console', true),
    ('tenancy_operator', true)
) AS r (name, is_login);

SELECT plan((SELECT 3 * count(*)::integer + 3 FROM expected));

SELECT has_role(e.name) FROM expected AS e;

SELECT isnt_superuser(e.name) FROM expected AS e;

SELECT is(
    row(
        r.rolcanlogin, r.rolinherit,
        r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication
    )::text,
    row(e.is_login, NOT e.is_login, false, false, false, false)::text,
    e.name || ' has no special right' || CASE WHEN e.is_login THEN ', NOINHERIT' ELSE '' END
)
FROM expected AS e
INNER JOIN pg_catalog.pg_roles AS r ON e.name = r.rolname;

SELECT set_eq(
    $$
        SELECT m.member::regrole::text, m.roleid::regrole::text
        FROM pg_catalog.pg_auth_members AS m
        WHERE m.member IN (SELECT to_regrole(name::text) FROM expected)
    $$,
    $$
        VALUES ('tenancy_gateway', 'tenancy_customer'),
               ('tenancy_gateway', 'tenancy_staff'),
               ('tenancy_gateway', 'tenancy_manager'),
               ('tenancy_console', 'tenancy_admin')
    $$,
    'a login can become tenant roles of its own kind, and no role is in another'
);

-- Since PostgreSQL 16 the creator of a role administers it, which is neither of the two options.
SELECT is_empty(
    $$
        SELECT m.member::regrole, m.roleid::regrole
        FROM pg_catalog.pg_auth_members AS m
        WHERE m.roleid::regrole::text IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
          AND (coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
              OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))
    $$,
    'nobody is or becomes an owner'
);

SELECT is_empty(
    $$
        SELECT d.datname, a.privilege_type
        FROM pg_catalog.pg_database AS d
        CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
        WHERE d.datname = current_database() AND a.grantee = 0
    $$,
    'PUBLIC neither connects nor makes temporary objects here'
);

SELECT finish();

ROLLBACK;
