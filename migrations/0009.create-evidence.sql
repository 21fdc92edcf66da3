-- Create evidence.
-- depends: 0008.provision-tenants

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

CREATE TABLE tenancy_private.platform_action (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    action text NOT NULL,
    performed_by name NOT NULL,
    performed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reviewed_by name,
    reviewed_at timestamptz
);
ALTER TABLE tenancy_private.platform_action OWNER TO tenancy_kernel;
COMMENT ON TABLE tenancy_private.platform_action IS
'What the platform did to a tenant from outside: the evidence, and the queue of what is to be reviewed. No foreign key: it outlives the tenant.';
COMMENT ON COLUMN tenancy_private.platform_action.id IS 'Time-ordered id.';
COMMENT ON COLUMN tenancy_private.platform_action.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.platform_action.action IS 'Function that was called.';
COMMENT ON COLUMN tenancy_private.platform_action.performed_by IS 'Login.';
COMMENT ON COLUMN tenancy_private.platform_action.performed_at IS 'When.';
COMMENT ON COLUMN tenancy_private.platform_action.reviewed_by IS 'Who reviewed it; NULL is open.';
COMMENT ON COLUMN tenancy_private.platform_action.reviewed_at IS 'When it was reviewed.';

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
