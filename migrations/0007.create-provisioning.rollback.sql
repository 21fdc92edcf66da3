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

REVOKE USAGE ON SCHEMA app FROM tenancy_kernel;
DROP TABLE tenancy_private.custom_domain;
DROP TABLE tenancy_private.invitation;
DROP TABLE tenancy_private.webhook_secret;
DROP TABLE tenancy_private.resource;
DROP TABLE tenancy_private.taken_slug;
DROP TABLE tenancy_private.provisioning_request;
DROP TABLE tenancy_private.key_failure;
DROP TABLE tenancy_private.api_key_use;
ALTER TABLE tenancy_private.tenant DROP compliance_tier;
ALTER TYPE tenancy_private.identity DROP ATTRIBUTE unused_key;
ALTER TYPE tenancy_private.identity DROP ATTRIBUTE may_write;
ALTER TABLE tenancy_private.api_key DROP scopes;
ALTER TABLE tenancy_private.member DROP email;

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
