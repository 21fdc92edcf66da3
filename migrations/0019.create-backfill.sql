-- Backfills: a run by name, and what became of each tenant.
-- depends: 0018.create-placement

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

CREATE TABLE tenancy_private.backfill (
    name text PRIMARY KEY CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    function text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    begun_by name NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE tenancy_private.backfill IS
'One function, run once per tenant until nothing is left to change.';
COMMENT ON COLUMN tenancy_private.backfill.name IS 'How a later run finds this one.';
COMMENT ON COLUMN tenancy_private.backfill.function IS 'schema.name(arguments).';
COMMENT ON COLUMN tenancy_private.backfill.sha256 IS
'Of its definition and owner when the run began: another is another run.';
COMMENT ON COLUMN tenancy_private.backfill.begun_by IS 'Login (session_user).';
COMMENT ON COLUMN tenancy_private.backfill.begun_at IS 'When.';
ALTER TABLE tenancy_private.backfill OWNER TO tenancy_kernel;

CREATE TABLE tenancy_private.backfill_tenant (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    backfill text NOT NULL REFERENCES tenancy_private.backfill (name),
    state text NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'done', 'failed', 'skipped')),
    rows_changed bigint NOT NULL DEFAULT 0,
    calls bigint NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    error_code text,
    reason text,
    claimed_in bytea,
    began_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, backfill)
);
CREATE INDEX backfill_tenant_open_idx ON tenancy_private.backfill_tenant (
    backfill, state, tenant_id
) WHERE state <> 'done';
CREATE INDEX backfill_tenant_claimed_in_idx ON tenancy_private.backfill_tenant (claimed_in);
COMMENT ON TABLE tenancy_private.backfill_tenant IS 'What became of each tenant in a backfill.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.backfill IS 'Run.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.state IS
'pending until the function returned 0 (done), raised (failed), or the status kept it out (skipped).';
COMMENT ON COLUMN tenancy_private.backfill_tenant.rows_changed IS 'Sum of what it returned.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.calls IS 'Calls that were committed.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.tries IS 'Calls that failed since the last one.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.retry_at IS
'Not before, after an error that passes.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.error_code IS 'SQLSTATE of the last error.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.reason IS
'Its message, never its detail; or why it was skipped.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.claimed_in IS
'Backend and transaction of the last claim: while that lasts, it has no other tenant.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.began_at IS 'First claim.';
COMMENT ON COLUMN tenancy_private.backfill_tenant.ended_at IS 'When it was done, or failed.';
ALTER TABLE tenancy_private.backfill_tenant OWNER TO tenancy_kernel;

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
