-- Stages of a tenant's life: allowed transitions, their log, orders to delete, and receipts.
-- depends: 0015.refuse-over-rate

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

CREATE TABLE tenancy.tenant_transition (
    from_status text NOT NULL REFERENCES tenancy.tenant_status (status),
    to_status text NOT NULL REFERENCES tenancy.tenant_status (status),
    who text NOT NULL CHECK (who IN ('admin', 'operator', 'procedure')),
    PRIMARY KEY (from_status, to_status)
);
COMMENT ON TABLE tenancy.tenant_transition IS
'Which change of status is allowed. No row means never.';
COMMENT ON COLUMN tenancy.tenant_transition.from_status IS 'Status before.';
COMMENT ON COLUMN tenancy.tenant_transition.to_status IS 'Status after.';
COMMENT ON COLUMN tenancy.tenant_transition.who IS
'admin: tenancy_admin; operator: also tenancy_operator; procedure: only the function of the step.';
ALTER TABLE tenancy.tenant_transition OWNER TO tenancy_kernel;

CREATE TABLE tenancy.kept_table (
    schema_name name NOT NULL,
    table_name name NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (schema_name, table_name)
);
COMMENT ON TABLE tenancy.kept_table IS 'Tables whose rows outlive the tenant they name.';
COMMENT ON COLUMN tenancy.kept_table.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN tenancy.kept_table.table_name IS 'Name of the table.';
COMMENT ON COLUMN tenancy.kept_table.why IS 'Stands in every receipt.';
ALTER TABLE tenancy.kept_table OWNER TO tenancy_kernel;
GRANT SELECT ON tenancy.tenant_transition, tenancy.kept_table
TO pg_database_owner, tenancy_builder, tenancy_owner, tenancy_admin;

ALTER TABLE tenancy.tenant_status
-- eight rows: a scan costs nothing
-- squawk-ignore adding-foreign-key-constraint
ADD COLUMN lowest_role text REFERENCES tenancy.tenant_role (role),
ADD COLUMN jobs text NOT NULL DEFAULT 'none' CHECK (jobs IN ('none', 'read', 'write'));
COMMENT ON COLUMN tenancy.tenant_status.lowest_role IS
'Roles below this one may not enter; NULL admits all.';
COMMENT ON COLUMN tenancy.tenant_status.jobs IS
'What tenancy.enter_system() lets a job do: none, read or write.';

CREATE TABLE tenancy_private.tenant_status_log (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    from_status text,
    to_status text NOT NULL,
    reason text NOT NULL CHECK (length(btrim(reason)) BETWEEN 10 AND 1000),
    changed_by name NOT NULL,
    changed_as text NOT NULL,
    actor_id uuid,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX tenant_status_log_tenant_id_idx ON tenancy_private.tenant_status_log (tenant_id, id);
COMMENT ON TABLE tenancy_private.tenant_status_log IS
'Every change of a tenant''s status: who, when, why. Append only.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.id IS 'Time-ordered uuid.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.from_status IS
'Status before; NULL when the tenant came from an archive.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.to_status IS 'Status after.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.changed_by IS 'Login (session_user).';
COMMENT ON COLUMN tenancy_private.tenant_status_log.changed_as IS 'The role in force.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.actor_id IS
'Who acted inside the tenant; NULL for the platform and its jobs.';
COMMENT ON COLUMN tenancy_private.tenant_status_log.changed_at IS 'When.';

CREATE TABLE tenancy_private.offboarding (
    tenant_id uuid PRIMARY KEY REFERENCES tenancy_private.tenant (id),
    reason text NOT NULL,
    begun_by name NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    grace_ends_at timestamptz NOT NULL,
    hurried_because text,
    archive_sha256 text CHECK (archive_sha256 ~ '^[0-9a-f]{64}$'),
    purge_begun_by name,
    purge_began_at timestamptz,
    purged_at timestamptz
);
COMMENT ON TABLE tenancy_private.offboarding IS
'The order to delete a tenant. A change of mind is a change of status; the newest order counts.';
COMMENT ON COLUMN tenancy_private.offboarding.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.offboarding.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN tenancy_private.offboarding.begun_by IS 'Login that gave the order.';
COMMENT ON COLUMN tenancy_private.offboarding.begun_at IS 'When it was given.';
COMMENT ON COLUMN tenancy_private.offboarding.grace_ends_at IS 'Nothing is deleted before.';
COMMENT ON COLUMN tenancy_private.offboarding.hurried_because IS
'Why the purge did not wait for the end of the grace period; NULL when it did.';
COMMENT ON COLUMN tenancy_private.offboarding.archive_sha256 IS 'The archive made before the purge.';
COMMENT ON COLUMN tenancy_private.offboarding.purge_begun_by IS 'Login that began the purge.';
COMMENT ON COLUMN tenancy_private.offboarding.purge_began_at IS 'When: from here on no way back.';
COMMENT ON COLUMN tenancy_private.offboarding.purged_at IS 'When the last row was counted as gone.';

CREATE TABLE tenancy_private.purge_receipt (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    resource text NOT NULL,
    is_kept boolean NOT NULL,
    rows_before bigint NOT NULL,
    rows_deleted bigint NOT NULL DEFAULT 0,
    rows_after bigint,
    why text,
    PRIMARY KEY (tenant_id, resource),
    CONSTRAINT purge_receipt_says_why CHECK (NOT is_kept OR why IS NOT NULL)
);
COMMENT ON TABLE tenancy_private.purge_receipt IS 'What a purge found, deleted and left, by table.';
COMMENT ON COLUMN tenancy_private.purge_receipt.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.purge_receipt.resource IS 'schema.table.';
COMMENT ON COLUMN tenancy_private.purge_receipt.is_kept IS 'Its rows outlive the tenant.';
COMMENT ON COLUMN tenancy_private.purge_receipt.rows_before IS 'Counted when the purge began.';
COMMENT ON COLUMN tenancy_private.purge_receipt.rows_deleted IS 'Sum over the batches.';
COMMENT ON COLUMN tenancy_private.purge_receipt.rows_after IS
'Counted when the purge ended; NULL until then.';
COMMENT ON COLUMN tenancy_private.purge_receipt.why IS 'Why rows are kept.';

ALTER TABLE tenancy_private.tenant_status_log OWNER TO tenancy_kernel;
ALTER TABLE tenancy_private.offboarding OWNER TO tenancy_kernel;
ALTER TABLE tenancy_private.purge_receipt OWNER TO tenancy_kernel;

-- Export, import and purge are functions of the tables' owner, run by jobs and by the kernel.
GRANT USAGE ON SCHEMA app TO tenancy_operator;

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
