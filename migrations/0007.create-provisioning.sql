-- Create provisioning.
-- depends: 0006.split-protection

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

-- Who may be reached, and what a key may do.
ALTER TABLE tenancy_private.member ADD email text
CHECK (email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254);
COMMENT ON COLUMN tenancy_private.member.email IS 'Address of an invited member; not an identity.';

ALTER TABLE tenancy_private.api_key ADD scopes text [] NOT NULL DEFAULT '{read,write}'
CHECK (scopes IN ('{read}', '{read,write}'));
COMMENT ON COLUMN tenancy_private.api_key.scopes IS
'read, or read and write: a key without write enters a read-only transaction.';

ALTER TYPE tenancy_private.identity ADD ATTRIBUTE may_write boolean;
ALTER TYPE tenancy_private.identity ADD ATTRIBUTE unused_key uuid;

CREATE TABLE tenancy_private.api_key_use (
    key_id uuid PRIMARY KEY REFERENCES tenancy_private.api_key (id) ON DELETE CASCADE,
    used_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE tenancy_private.api_key_use IS
'When each key was last used, to the hour. Apart, so that an open transaction of a key does not hold up its revocation.';
COMMENT ON COLUMN tenancy_private.api_key_use.key_id IS 'The key.';
COMMENT ON COLUMN tenancy_private.api_key_use.used_at IS 'NULL: never.';

CREATE UNLOGGED TABLE tenancy_private.key_failure (
    tenant_id uuid PRIMARY KEY,
    since timestamptz NOT NULL,
    failures integer NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE tenancy_private.key_failure IS
'Failed tenancy.verify_api_key() calls per tenant and minute; the zero uuid counts unknown tenants.';
COMMENT ON COLUMN tenancy_private.key_failure.tenant_id IS 'Tenant that was named.';
COMMENT ON COLUMN tenancy_private.key_failure.since IS 'Beginning of the minute.';
COMMENT ON COLUMN tenancy_private.key_failure.failures IS 'Failures since then.';

-- What a tenant is made of.
ALTER TABLE tenancy_private.tenant ADD compliance_tier text NOT NULL DEFAULT 'standard'
CHECK (compliance_tier IN ('standard', 'hipaa', 'pci'));
COMMENT ON COLUMN tenancy_private.tenant.compliance_tier IS
'Which duties its data bring: hipaa for med spas, otherwise standard unless set.';

CREATE TABLE tenancy_private.provisioning_request (
    idempotency_key text PRIMARY KEY CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    digest bytea NOT NULL,
    tenant_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE tenancy_private.provisioning_request IS
'Sign-ups by the caller''s own key: a repeated call finds the first one''s tenant.';
COMMENT ON COLUMN tenancy_private.provisioning_request.idempotency_key IS 'Chosen by the caller.';
COMMENT ON COLUMN tenancy_private.provisioning_request.digest IS 'SHA-256 of the parameters.';
COMMENT ON COLUMN tenancy_private.provisioning_request.tenant_id IS 'The tenant it made.';
COMMENT ON COLUMN tenancy_private.provisioning_request.created_at IS 'When it was made.';

CREATE TABLE tenancy_private.taken_slug (
    skeleton text PRIMARY KEY,
    slug text NOT NULL,
    tenant_id uuid REFERENCES tenancy_private.tenant (id)
);
COMMENT ON TABLE tenancy_private.taken_slug IS
'Subdomains that are in use, were in use, or are reserved, by what they look like.';
COMMENT ON COLUMN tenancy_private.taken_slug.skeleton IS
'tenancy_private.slug_skeleton(slug): one key refuses look-alikes, also of two sign-ups at once.';
COMMENT ON COLUMN tenancy_private.taken_slug.slug IS 'As it is written.';
COMMENT ON COLUMN tenancy_private.taken_slug.tenant_id IS 'NULL: reserved.';

CREATE TABLE tenancy_private.resource (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    name text NOT NULL CHECK (name IN ('settings', 'bucket')),
    made_at timestamptz,
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE tenancy_private.resource IS
'What each tenant is to have: tenancy.reconcile_tenant() makes what is missing.';
COMMENT ON COLUMN tenancy_private.resource.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.resource.name IS 'settings: a row of app.settings; bucket: uploads.';
COMMENT ON COLUMN tenancy_private.resource.made_at IS 'NULL: not yet.';

CREATE TABLE tenancy_private.webhook_secret (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    ipad bytea NOT NULL CHECK (octet_length(ipad) = 64),
    opad bytea NOT NULL CHECK (octet_length(opad) = 64),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz
);
CREATE INDEX webhook_secret_tenant_id_idx ON tenancy_private.webhook_secret (tenant_id);
COMMENT ON TABLE tenancy_private.webhook_secret IS
'Keys that sign webhooks (whsec_…): several per tenant while one is replaced.';
COMMENT ON COLUMN tenancy_private.webhook_secret.id IS 'Id.';
COMMENT ON COLUMN tenancy_private.webhook_secret.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.webhook_secret.ipad IS 'Secret XOR 0x36 (RFC 2104, section 2).';
COMMENT ON COLUMN tenancy_private.webhook_secret.opad IS 'Secret XOR 0x5c (RFC 2104, section 2).';
COMMENT ON COLUMN tenancy_private.webhook_secret.created_at IS 'When it was made.';
COMMENT ON COLUMN tenancy_private.webhook_secret.expires_at IS 'NULL: the current one.';

CREATE TABLE tenancy_private.invitation (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    email text NOT NULL CHECK (email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
    role text NOT NULL CHECK (role IN ('customer', 'staff', 'manager')),
    invited_by uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    user_id uuid
);
CREATE INDEX invitation_tenant_id_idx ON tenancy_private.invitation (tenant_id);
COMMENT ON TABLE tenancy_private.invitation IS
'One-time tokens that make a user a member, as digests: the text is shown once.';
COMMENT ON COLUMN tenancy_private.invitation.id IS 'Id.';
COMMENT ON COLUMN tenancy_private.invitation.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.invitation.digest IS 'SHA-256 of the token.';
COMMENT ON COLUMN tenancy_private.invitation.email IS 'To whom it was sent.';
COMMENT ON COLUMN tenancy_private.invitation.role IS 'Role it gives.';
COMMENT ON COLUMN tenancy_private.invitation.invited_by IS 'Actor; NULL for the platform.';
COMMENT ON COLUMN tenancy_private.invitation.created_at IS 'When it was made.';
COMMENT ON COLUMN tenancy_private.invitation.expires_at IS 'When it stops working.';
COMMENT ON COLUMN tenancy_private.invitation.closed_at IS 'When it was accepted or withdrawn.';
COMMENT ON COLUMN tenancy_private.invitation.user_id IS 'Who accepted it.';

CREATE TABLE tenancy_private.custom_domain (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    domain text NOT NULL CHECK (
        domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$'
        AND length(domain) <= 253
    ),
    token text NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, domain)
);
COMMENT ON TABLE tenancy_private.custom_domain IS
'Host names that tenants claim. Anybody may claim one; who proves it first gets tenant.custom_domain.';
COMMENT ON COLUMN tenancy_private.custom_domain.tenant_id IS 'Tenant that claims it.';
COMMENT ON COLUMN tenancy_private.custom_domain.domain IS 'Host name, lower case.';
COMMENT ON COLUMN tenancy_private.custom_domain.token IS
'What a TXT record of the domain must say. It is public by nature, so it is no digest.';
COMMENT ON COLUMN tenancy_private.custom_domain.claimed_at IS 'When.';

DO $owner$
DECLARE
    v_table name;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'api_key_use', 'key_failure', 'provisioning_request', 'taken_slug', 'resource',
        'webhook_secret', 'invitation', 'custom_domain'
    ] LOOP
        EXECUTE pg_catalog.format('ALTER TABLE tenancy_private.%I OWNER TO tenancy_kernel', v_table);
    END LOOP;
END;
$owner$;
-- For app.make_defaults() alone: what it does there is done as tenancy_owner, behind the wall.
GRANT USAGE ON SCHEMA app TO tenancy_kernel;

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
