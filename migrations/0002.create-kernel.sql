-- Schemas, and the tables that say who may enter which tenant.
-- depends: 0001.create-roles

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

CREATE SCHEMA tenancy AUTHORIZATION tenancy_kernel;
COMMENT ON SCHEMA tenancy IS 'Tenant context, access grid and lifecycle: the public functions.';
CREATE SCHEMA tenancy_private AUTHORIZATION tenancy_kernel;
COMMENT ON SCHEMA tenancy_private IS
'Tenants, members, credentials and signing keys. No application role has USAGE.';
CREATE SCHEMA app AUTHORIZATION tenancy_owner;
COMMENT ON SCHEMA app IS 'The EngageOS tables, shared by all tenants behind one wall per table.';

GRANT USAGE ON SCHEMA tenancy
TO tenancy_owner, tenancy_auditor, tenancy_builder, pg_database_owner,
tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin,
tenancy_gateway, tenancy_console, tenancy_operator;
GRANT USAGE ON SCHEMA app
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

CREATE TABLE tenancy.region (
    code text PRIMARY KEY CHECK (code ~ '^[a-z]{2,8}$'),
    name text NOT NULL
);
COMMENT ON TABLE tenancy.region IS 'Regions in which tenant data may be kept.';
COMMENT ON COLUMN tenancy.region.code IS 'Short name, for example eu.';
COMMENT ON COLUMN tenancy.region.name IS 'Name for people.';

CREATE TABLE tenancy.tenant_status (
    status text PRIMARY KEY,
    may_enter boolean NOT NULL,
    may_write boolean NOT NULL,
    CONSTRAINT tenant_status_write_needs_entry CHECK (may_enter OR NOT may_write)
);
COMMENT ON TABLE tenancy.tenant_status IS 'What each stage of a tenant''s life permits.';
COMMENT ON COLUMN tenancy.tenant_status.status IS 'provisioning, active, read_only, suspended, …';
COMMENT ON COLUMN tenancy.tenant_status.may_enter IS 'A credential of the tenant is accepted.';
COMMENT ON COLUMN tenancy.tenant_status.may_write IS
'Otherwise tenancy.enter() makes the transaction read-only, which nothing inside it can undo.';

CREATE TABLE tenancy.tenant_role (
    role text PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z]$'),
    database_role name NOT NULL UNIQUE,
    rank smallint NOT NULL UNIQUE
);
COMMENT ON TABLE tenancy.tenant_role IS 'Roles inside a tenant and the database role of each.';
COMMENT ON COLUMN tenancy.tenant_role.role IS 'Name in the access grid.';
COMMENT ON COLUMN tenancy.tenant_role.code IS 'The letter in a signed context.';
COMMENT ON COLUMN tenancy.tenant_role.database_role IS 'The role that must be in force.';
COMMENT ON COLUMN tenancy.tenant_role.rank IS 'Nobody grants a role above their own rank.';

CREATE TABLE tenancy.access_matrix (
    resource text NOT NULL,
    role text NOT NULL REFERENCES tenancy.tenant_role (role),
    command text NOT NULL CHECK (command IN ('select', 'insert', 'update', 'delete')),
    row_scope text NOT NULL CHECK (row_scope IN ('tenant', 'subject')),
    columns name [],
    PRIMARY KEY (resource, role, command)
);
COMMENT ON TABLE tenancy.access_matrix IS
'The access grid: policies and grants are generated from it. No row means no access.';
COMMENT ON COLUMN tenancy.access_matrix.resource IS
'schema.table, or * for what tenancy.protect_table() gives a new table.';
COMMENT ON COLUMN tenancy.access_matrix.role IS 'Role inside the tenant.';
COMMENT ON COLUMN tenancy.access_matrix.command IS 'select, insert, update or delete.';
COMMENT ON COLUMN tenancy.access_matrix.row_scope IS
'tenant: every row of the own tenant; subject: rows whose subject column is the actor.';
COMMENT ON COLUMN tenancy.access_matrix.columns IS 'Only these columns; NULL for all.';

CREATE TABLE tenancy.protected_table (
    schema_name name NOT NULL,
    table_name name NOT NULL,
    subject_column name,
    server_columns name [] NOT NULL DEFAULT '{}',
    PRIMARY KEY (schema_name, table_name)
);
COMMENT ON TABLE tenancy.protected_table IS
'The registry: every table behind a tenant wall. Checks, fuzzing and the matrix read it.';
COMMENT ON COLUMN tenancy.protected_table.schema_name IS 'Schema of the table.';
COMMENT ON COLUMN tenancy.protected_table.table_name IS 'Name of the table.';
COMMENT ON COLUMN tenancy.protected_table.subject_column IS
'Column that holds the person a row is about; NULL where rows are about nobody.';
COMMENT ON COLUMN tenancy.protected_table.server_columns IS
'Columns kept by triggers (counters): tenants read them and never write them.';
GRANT SELECT ON tenancy.region, tenancy.tenant_status, tenancy.tenant_role,
tenancy.access_matrix, tenancy.protected_table
TO pg_database_owner, tenancy_builder, tenancy_owner, tenancy_admin;

CREATE TABLE tenancy_private.node (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    region text NOT NULL REFERENCES tenancy.region (code),
    platform_domain text NOT NULL
);
COMMENT ON TABLE tenancy_private.node IS 'This cluster: one row.';
COMMENT ON COLUMN tenancy_private.node.one IS 'Keeps it at one row.';
COMMENT ON COLUMN tenancy_private.node.region IS 'Tenants of other regions cannot enter here.';
COMMENT ON COLUMN tenancy_private.node.platform_domain IS
'slug.<this domain> is a hint that must agree with the credential.';

CREATE TABLE tenancy_private.context_key (
    kid text COLLATE "C" PRIMARY KEY CHECK (kid ~ '^[0-9]{4}$'),
    ipad bytea NOT NULL CHECK (octet_length(ipad) = 64),
    opad bytea NOT NULL CHECK (octet_length(opad) = 64),
    is_current boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX context_key_current_idx ON tenancy_private.context_key (is_current)
WHERE is_current;
COMMENT ON TABLE tenancy_private.context_key IS
'Keys that sign contexts, made inside the database and never part of a statement.';
COMMENT ON COLUMN tenancy_private.context_key.kid IS 'Number of the key, first in each context.';
COMMENT ON COLUMN tenancy_private.context_key.ipad IS 'Key XOR 0x36 (RFC 2104, section 2).';
COMMENT ON COLUMN tenancy_private.context_key.opad IS 'Key XOR 0x5c (RFC 2104, section 2).';
COMMENT ON COLUMN tenancy_private.context_key.is_current IS 'Signs; the one before still verifies.';
COMMENT ON COLUMN tenancy_private.context_key.created_at IS 'When it was made.';

CREATE TABLE tenancy_private.tenant (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE
    CHECK (slug ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(slug) BETWEEN 2 AND 63),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    industry text NOT NULL CHECK (industry IN ('restaurant', 'medspa', 'hotel')),
    plan text NOT NULL DEFAULT 'professional'
    CHECK (plan IN ('starter', 'professional', 'enterprise')),
    status text NOT NULL DEFAULT 'active' REFERENCES tenancy.tenant_status (status),
    region text NOT NULL REFERENCES tenancy.region (code),
    placement text NOT NULL DEFAULT 'shared' CHECK (placement IN ('shared', 'dedicated')),
    custom_domain text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE tenancy_private.tenant IS 'The tenants: restaurants, med spas, hotels.';
COMMENT ON COLUMN tenancy_private.tenant.id IS 'Time-ordered uuid.';
COMMENT ON COLUMN tenancy_private.tenant.slug IS
'Name in host names: ASCII only, so that no look-alike letters exist.';
COMMENT ON COLUMN tenancy_private.tenant.name IS 'Name for people.';
COMMENT ON COLUMN tenancy_private.tenant.industry IS 'restaurant, medspa or hotel.';
COMMENT ON COLUMN tenancy_private.tenant.plan IS 'Commercial plan.';
COMMENT ON COLUMN tenancy_private.tenant.status IS 'Stage of life: says who may enter.';
COMMENT ON COLUMN tenancy_private.tenant.region IS 'Where its data must stay.';
COMMENT ON COLUMN tenancy_private.tenant.placement IS 'Rows in app, or a schema of its own.';
COMMENT ON COLUMN tenancy_private.tenant.custom_domain IS 'Host name of its own, lower case.';
COMMENT ON COLUMN tenancy_private.tenant.created_at IS 'When it was created.';

CREATE TABLE tenancy_private.member (
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    user_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('customer', 'staff', 'manager')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX member_user_id_idx ON tenancy_private.member (user_id);
COMMENT ON TABLE tenancy_private.member IS 'Who belongs to which tenant, in which role.';
COMMENT ON COLUMN tenancy_private.member.tenant_id IS 'Tenant.';
COMMENT ON COLUMN tenancy_private.member.user_id IS
'The sub of the user''s JWT; for a customer also the id of their row in app.customers.';
COMMENT ON COLUMN tenancy_private.member.role IS 'Role inside this tenant.';
COMMENT ON COLUMN tenancy_private.member.created_at IS 'When the membership began.';

CREATE TABLE tenancy_private.api_key (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    kind text NOT NULL CHECK (kind IN ('public', 'secret')),
    role text NOT NULL CHECK (role IN ('customer', 'staff', 'manager')),
    actor_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT api_key_public_is_an_anonymous_customer
    CHECK (kind = 'secret' OR (role = 'customer' AND actor_id IS NULL))
);
CREATE INDEX api_key_tenant_id_idx ON tenancy_private.api_key (tenant_id);
COMMENT ON TABLE tenancy_private.api_key IS 'API keys, as digests: the text is shown once.';
COMMENT ON COLUMN tenancy_private.api_key.id IS 'Id; also the actor of a key that names nobody.';
COMMENT ON COLUMN tenancy_private.api_key.tenant_id IS 'Tenant the key opens.';
COMMENT ON COLUMN tenancy_private.api_key.digest IS 'SHA-256 of the whole key.';
COMMENT ON COLUMN tenancy_private.api_key.kind IS 'public (pk_…) or secret (sk_…).';
COMMENT ON COLUMN tenancy_private.api_key.role IS 'Role inside the tenant.';
COMMENT ON COLUMN tenancy_private.api_key.actor_id IS 'Person it acts for, if any.';
COMMENT ON COLUMN tenancy_private.api_key.created_at IS 'When it was issued.';
COMMENT ON COLUMN tenancy_private.api_key.expires_at IS 'When it stops working.';
COMMENT ON COLUMN tenancy_private.api_key.revoked_at IS 'When it was revoked.';

CREATE TABLE tenancy_private.jwt_issuer (
    issuer text NOT NULL,
    kid text NOT NULL,
    audience text NOT NULL,
    ipad bytea NOT NULL CHECK (octet_length(ipad) = 64),
    opad bytea NOT NULL CHECK (octet_length(opad) = 64),
    tenant_claim text NOT NULL DEFAULT 'tenant',
    role_claim text NOT NULL DEFAULT 'role',
    revoked_at timestamptz,
    PRIMARY KEY (issuer, kid)
);
COMMENT ON TABLE tenancy_private.jwt_issuer IS
'Who may vouch for users: HS256 keys (RFC 7518, section 3.2), several per issuer while rotating.';
COMMENT ON COLUMN tenancy_private.jwt_issuer.issuer IS 'The iss claim (RFC 7519, 4.1.1).';
COMMENT ON COLUMN tenancy_private.jwt_issuer.kid IS 'Name of the key, for people.';
COMMENT ON COLUMN tenancy_private.jwt_issuer.audience IS 'Must be in aud (RFC 7519, 4.1.3).';
COMMENT ON COLUMN tenancy_private.jwt_issuer.ipad IS 'Secret XOR 0x36 (RFC 2104, section 2).';
COMMENT ON COLUMN tenancy_private.jwt_issuer.opad IS 'Secret XOR 0x5c (RFC 2104, section 2).';
COMMENT ON COLUMN tenancy_private.jwt_issuer.tenant_claim IS 'Claim with the tenant''s slug or id.';
COMMENT ON COLUMN tenancy_private.jwt_issuer.role_claim IS 'Claim that may lower the role.';
COMMENT ON COLUMN tenancy_private.jwt_issuer.revoked_at IS 'When the key was withdrawn.';

CREATE TABLE tenancy_private.access_ticket (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenancy_private.tenant (id),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    opened_by name NOT NULL,
    reason text NOT NULL CHECK (length(btrim(reason)) BETWEEN 10 AND 1000),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    opened_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    reviewed_by name,
    reviewed_at timestamptz,
    CONSTRAINT access_ticket_lasts_at_most_eight_hours
    CHECK (expires_at <= opened_at + interval '8 hours')
);
CREATE INDEX access_ticket_tenant_id_idx ON tenancy_private.access_ticket (tenant_id);
COMMENT ON TABLE tenancy_private.access_ticket IS
'Break-glass sessions of administrators: the evidence, and the queue of those to be reviewed.';
COMMENT ON COLUMN tenancy_private.access_ticket.id IS 'Id; the actor inside the tenant.';
COMMENT ON COLUMN tenancy_private.access_ticket.tenant_id IS 'The one tenant it opens.';
COMMENT ON COLUMN tenancy_private.access_ticket.digest IS 'SHA-256 of the ticket.';
COMMENT ON COLUMN tenancy_private.access_ticket.opened_by IS 'Login that opened it.';
COMMENT ON COLUMN tenancy_private.access_ticket.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN tenancy_private.access_ticket.opened_at IS 'When it was opened.';
COMMENT ON COLUMN tenancy_private.access_ticket.opened_in IS
'Transaction that opened it: it works only in a later one, when this row is committed.';
COMMENT ON COLUMN tenancy_private.access_ticket.expires_at IS 'When it stops working.';
COMMENT ON COLUMN tenancy_private.access_ticket.closed_at IS 'When it was closed early.';
COMMENT ON COLUMN tenancy_private.access_ticket.reviewed_by IS 'Who reviewed it; NULL is open.';
COMMENT ON COLUMN tenancy_private.access_ticket.reviewed_at IS 'When it was reviewed.';

CREATE TABLE tenancy_private.maintenance (
    relation regclass PRIMARY KEY
);
COMMENT ON TABLE tenancy_private.maintenance IS
'Tables whose FORCE row security is lifted by the transaction in progress: always empty outside.';
COMMENT ON COLUMN tenancy_private.maintenance.relation IS 'The table.';
GRANT USAGE ON SCHEMA tenancy_private TO tenancy_owner;
GRANT SELECT, INSERT, DELETE ON tenancy_private.maintenance TO tenancy_owner;
GRANT REFERENCES (id) ON tenancy_private.tenant TO tenancy_owner;

CREATE TYPE tenancy_private.identity AS (tenant_id uuid, actor_id uuid, role text);
COMMENT ON TYPE tenancy_private.identity IS 'What a credential proves; all NULL when nothing.';

DO $owner$
DECLARE
    v_relation regclass;
BEGIN
    FOR v_relation IN
        SELECT c.oid
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace IN ('tenancy'::regnamespace, 'tenancy_private'::regnamespace)
          AND c.relkind = 'r'
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO tenancy_kernel', v_relation);
    END LOOP;
    ALTER TYPE tenancy_private.identity OWNER TO tenancy_kernel;
END;
$owner$;

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
