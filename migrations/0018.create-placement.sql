-- Placement: which tenants have a schema of their own, and when it was last compared with app.
-- depends: 0017.add-lifecycle

-- include: sql/borrow.sql
-- Take the owner roles for the length of this transaction; sql/return.sql gives them back.
-- A superuser needs none. On PostgreSQL 16 and later this takes ADMIN OPTION on each role, which
-- its creator has; `tenancy migrate --preflight` prints the GRANT that is missing otherwise.

DO $borrow$
DECLARE
    v_role name;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['tenancy_kernel', 'tenancy_owner', 'tenancy_auditor'] LOOP
        IF NOT pg_catalog.pg_has_role(current_user, v_role, 'USAGE') THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', v_role, current_user);
        END IF;
    END LOOP;
END;
$borrow$;

-- by hand

CREATE TABLE tenancy_private.tenant_schema (
    tenant_id uuid PRIMARY KEY REFERENCES tenancy_private.tenant (id),
    synced_at timestamptz NOT NULL,
    template_stamp numeric,
    own_stamp numeric
);
COMMENT ON TABLE tenancy_private.tenant_schema IS
'Schemas of tenants'' own. Where the rows are says tenancy_private.tenant.placement.';
COMMENT ON COLUMN tenancy_private.tenant_schema.tenant_id IS 'Tenant; the schema is t_ and its digits.';
COMMENT ON COLUMN tenancy_private.tenant_schema.synced_at IS 'When it was made or compared with app.';
COMMENT ON COLUMN tenancy_private.tenant_schema.template_stamp IS
'tenancy_private.schema_stamp() of app at that time.';
COMMENT ON COLUMN tenancy_private.tenant_schema.own_stamp IS 'The same of the schema itself.';
ALTER TABLE tenancy_private.tenant_schema OWNER TO tenancy_kernel;

-- include: sql/return.sql
-- Give back what sql/borrow.sql took: no membership in an owner role outlives the migration.
-- Only grants that the current user made to themself are revoked, never those of somebody else.

DO $return$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname
        FROM pg_catalog.pg_auth_members AS m
        INNER JOIN pg_catalog.pg_roles AS r ON m.roleid = r.oid
        WHERE m.member = m.grantor
          AND pg_catalog.pg_get_userbyid(m.member) = current_user
          AND r.rolname IN ('tenancy_kernel', 'tenancy_owner', 'tenancy_auditor')
    LOOP
        EXECUTE pg_catalog.format('REVOKE %I FROM %I', v_role, current_user);
    END LOOP;
END;
$return$;
