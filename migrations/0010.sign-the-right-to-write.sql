-- Sign the right to write.
-- depends: 0009.create-evidence
-- stamped from the sources: make migration

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

-- clear: functions/tenancy_private/sign_context.sql
DROP FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb);

-- include: functions/tenancy/add_tenant_index.sql
-- tenancy.add_tenant_index(p_table): an index that starts with tenant_id, where none does.
--
-- Why:         without one the wall is a filter over the rows of all tenants.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.add_tenant_index(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_index AS i
        INNER JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
        WHERE i.indrelid = p_table
          AND a.attname = 'tenant_id'
          AND i.indpred IS NULL
          AND i.indisvalid
    ) THEN
        EXECUTE format('CREATE INDEX ON %s (tenant_id)', p_table);
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.add_tenant_index(regclass) IS
'Step of tenancy.protect_table(): index tenant_id unless an index starts with it.';

ALTER FUNCTION tenancy.add_tenant_index(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.add_tenant_index(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.add_tenant_index(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/claim_custom_domain.sql
-- tenancy.claim_custom_domain(p_tenant_id, p_domain): begin to prove that a host name is yours.
--
-- Blocks nobody: others may claim the same name; who proves it first has it.
-- Raises:      TN002 not permitted. TN032 a name below the platform's own domain. 23514 no name.
-- Tests:       tests/functions/tenancy/test_hosts.py

CREATE OR REPLACE FUNCTION tenancy.claim_custom_domain(p_tenant_id uuid, p_domain text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_domain text := rtrim(lower(p_domain), '.');
    v_token text;
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'claim_custom_domain');

    IF EXISTS (
        SELECT FROM tenancy_private.node AS n
        WHERE '.' || v_domain LIKE '%.' || n.platform_domain
    ) THEN
        RAISE EXCEPTION 'this name belongs to the platform'
            USING ERRCODE = 'TN032', HINT = 'Use a domain of your own.';
    END IF;

    INSERT INTO tenancy_private.custom_domain AS d (tenant_id, domain, token)
    VALUES (p_tenant_id, v_domain, tenancy_private.random_secret('engageos-verify-'))
    ON CONFLICT (tenant_id, domain) DO UPDATE SET domain = d.domain
    RETURNING d.token INTO v_token;

    RETURN v_token;
END;
$function$;

COMMENT ON FUNCTION tenancy.claim_custom_domain(uuid, text) IS
'Claim a host name and return the text that a TXT record at _engageos.<domain> must have. Idempotent. Raises TN002, TN032, 23514.';

ALTER FUNCTION tenancy.claim_custom_domain(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.claim_custom_domain(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.claim_custom_domain(uuid, text)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/create_tenant.sql
-- tenancy.create_tenant(…): a new tenant, whole or not at all.
--
-- Makes:       record, admin member, keys, webhook secret, settings, private bucket; then active.
-- Shown once:  the secrets in the result; stored are digests and pads.
-- Repeated:    the same idempotency key and parameters return the first tenant without secrets.
-- Raises:      TN002 not tenancy_admin outside any tenant. TN005 subdomain taken. TN030 another
--              region. TN031 idempotency key of another request. 23503, 23514 out of its domain.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.create_tenant(
    p_name text,
    p_industry text,
    p_subdomain text,
    p_plan text DEFAULT 'professional',
    p_admin_email text DEFAULT NULL,
    p_region text DEFAULT NULL,
    p_idempotency_key text DEFAULT NULL,
    p_admin_user_id uuid DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
    v_admin_id uuid := coalesce(p_admin_user_id, tenancy.uuidv7());
    v_known uuid;
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(v_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    v_known := tenancy_private.repeated_request(p_idempotency_key, sha256(convert_to(
        jsonb_build_array(
            p_name, p_industry, p_subdomain, p_plan, p_admin_email, p_region, p_admin_user_id
        )::text, 'UTF8'
    )), v_id);
    IF v_known IS NOT NULL THEN
        RETURN tenancy_private.describe_tenant(v_known) || '{"is_new": false}';
    END IF;

    PERFORM tenancy_private.insert_tenant(
        v_id, p_name, p_industry, p_subdomain, p_plan, p_region
    );
    INSERT INTO tenancy_private.member (tenant_id, user_id, role, email)
    VALUES (v_id, v_admin_id, 'manager', p_admin_email);
    PERFORM tenancy.reconcile_tenant(v_id);
    PERFORM tenancy_private.note_platform_action(v_id, 'create_tenant');

    RETURN tenancy_private.describe_tenant(v_id) || jsonb_build_object(
        'is_new', true,
        'admin_user_id', v_admin_id,
        'public_key',
        tenancy_private.create_api_key(v_id, 'public', 'customer', 365, '{read,write}', NULL),
        'secret_key',
        tenancy_private.create_api_key(v_id, 'secret', 'manager', 365, '{read,write}', NULL),
        'webhook_secret', tenancy_private.create_webhook_secret(v_id)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid) IS
'Create a tenant (industry restaurant, medspa or hotel) and return {tenant_id, slug, status, is_new, admin_user_id, public_key, secret_key, webhook_secret}; secrets only the first time. admin_user_id is the sub that the managers tokens carry. Raises TN002, TN005, TN030, TN031, 23503, 23514.';

ALTER FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
FROM public;
GRANT EXECUTE ON FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid)
TO tenancy_admin;

-- include: functions/tenancy/may_write.sql
-- tenancy.may_write(): does the context of this transaction permit writing?
--
-- Use:         as (SELECT tenancy.may_write()) in the doors of INSERT, UPDATE and DELETE. A setting
--              such as transaction_read_only may be changed in the middle of a statement; this
--              answer is signed.
-- Never:       IMMUTABLE (a cached plan would serve one tenant's rows to another), LEAKPROOF, or
--              PARALLEL SAFE (a worker has another pid: rows would be missing without an error).
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.may_write()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
COST 1000
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(substr(tenancy_private.context_in_force(), 71, 1) = 'w', false);
END;
$function$;

COMMENT ON FUNCTION tenancy.may_write() IS
'True when tenancy.enter() proved a context that may write: the tenant''s status and the key permit it.';

ALTER FUNCTION tenancy.may_write() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.may_write() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.may_write()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator, tenancy_owner, tenancy_auditor, tenancy_builder;

-- include: functions/tenancy/invite_member.sql
-- tenancy.invite_member(p_tenant_id, p_email, p_role, p_days): a one-time token for an address.
--
-- Stored:      only its digest. An older invitation of the same address ends.
-- Raises:      TN002 not permitted. TN004 not 1 to 30 days. 23514 no address, or no such role.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.invite_member(
    p_tenant_id uuid,
    p_email text,
    p_role text DEFAULT 'staff',
    p_days integer DEFAULT 7
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token text := tenancy_private.random_secret('inv_');
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'invite_member');

    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 30 THEN
        RAISE EXCEPTION 'an invitation lasts 1 to 30 days'
            USING ERRCODE = 'TN004', HINT = 'Invite again later.';
    END IF;

    UPDATE tenancy_private.invitation AS i
    SET closed_at = clock_timestamp()
    WHERE i.tenant_id = p_tenant_id AND lower(i.email) = lower(p_email) AND i.closed_at IS NULL;
    INSERT INTO tenancy_private.invitation
        (id, tenant_id, digest, email, role, invited_by, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_token, 'UTF8')), p_email, p_role,
        tenancy.actor_id(), clock_timestamp() + make_interval(days => p_days)
    );

    RETURN v_token;
END;
$function$;

COMMENT ON FUNCTION tenancy.invite_member(uuid, text, text, integer) IS
'Invite an address to be a member and return the token, once. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.invite_member(uuid, text, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.invite_member(uuid, text, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.invite_member(uuid, text, text, integer)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/issue_api_key.sql
-- tenancy.issue_api_key(p_tenant_id, p_kind, p_role, p_days, p_scopes): a new API key, shown once.
--
-- Stored:      only the SHA-256 of the key. Public keys (pk_…) are anonymous customers.
-- Scopes:      '{read}' enters read-only transactions, '{read,write}' any.
-- Raises:      TN002 not permitted. TN004 not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.issue_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text DEFAULT 'customer',
    p_days integer DEFAULT 90,
    p_scopes text[] DEFAULT '{read,write}'
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'issue_api_key');

    RETURN tenancy_private.create_api_key(p_tenant_id, p_kind, p_role, p_days, p_scopes, NULL);
END;
$function$;

COMMENT ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]) IS
'Issue a public or secret API key and return its text, once. Scopes: read, or read and write. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[])
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/list_api_keys.sql
-- tenancy.list_api_keys(p_tenant_id): the keys of a tenant, without their text.
--
-- used_at:     to the hour; NULL for never.
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_api_keys(p_tenant_id uuid)
RETURNS TABLE (
    id uuid, kind text, role text, scopes text[],
    created_at timestamptz, expires_at timestamptz, revoked_at timestamptz, used_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, NULL);

    RETURN QUERY
    SELECT
        k.id, k.kind, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, u.used_at
    FROM tenancy_private.api_key AS k
    LEFT JOIN tenancy_private.api_key_use AS u ON k.id = u.key_id
    WHERE k.tenant_id = p_tenant_id
    ORDER BY k.created_at;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_api_keys(uuid) IS
'Keys of a tenant, oldest first; never the keys themselves. Raises TN002.';

ALTER FUNCTION tenancy.list_api_keys(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_api_keys(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_api_keys(uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/list_evidence.sql
-- tenancy.list_evidence(p_only_open): what administrators did, oldest first.
--
-- Kinds:       ticket (an admin session), action (a key, member, … changed from outside).
-- Raises:      TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy.list_evidence(p_only_open boolean DEFAULT true)
RETURNS TABLE (
    id uuid, kind text, tenant_id uuid, what text, performed_by name, performed_at timestamptz,
    reviewed_by name, reviewed_at timestamptz
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    RETURN QUERY
    SELECT e.*
    FROM (
        SELECT t.id, 'ticket', t.tenant_id, t.reason, t.opened_by, t.opened_at,
            t.reviewed_by, t.reviewed_at
        FROM tenancy_private.access_ticket AS t
        UNION ALL
        SELECT a.id, 'action', a.tenant_id, a.action, a.performed_by, a.performed_at,
            a.reviewed_by, a.reviewed_at
        FROM tenancy_private.platform_action AS a
    ) AS e (id, kind, tenant_id, what, performed_by, performed_at, reviewed_by, reviewed_at)
    WHERE e.reviewed_at IS NULL OR NOT p_only_open
    ORDER BY e.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_evidence(boolean) IS
'Admin sessions and platform actions, oldest first; only those not yet reviewed unless false. Raises TN002.';

ALTER FUNCTION tenancy.list_evidence(boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_evidence(boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_evidence(boolean)
TO tenancy_admin;

-- include: functions/tenancy/list_invitations.sql
-- tenancy.list_invitations(p_tenant_id): who was invited, and what came of it.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.list_invitations(p_tenant_id uuid)
RETURNS TABLE (
    id uuid, email text, role text, invited_by uuid,
    created_at timestamptz, expires_at timestamptz, closed_at timestamptz, user_id uuid
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, NULL);

    RETURN QUERY
    SELECT
        i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.closed_at, i.user_id
    FROM tenancy_private.invitation AS i
    WHERE i.tenant_id = p_tenant_id
    ORDER BY i.id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_invitations(uuid) IS
'Invitations of a tenant, oldest first; user_id is who accepted, closed_at without it is withdrawn. Raises TN002.';

ALTER FUNCTION tenancy.list_invitations(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_invitations(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_invitations(uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/list_members.sql
-- tenancy.list_members(p_tenant_id): who belongs to the tenant.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_members(p_tenant_id uuid)
RETURNS TABLE (user_id uuid, role text, created_at timestamptz)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, NULL);

    RETURN QUERY
    SELECT m.user_id, m.role, m.created_at
    FROM tenancy_private.member AS m
    WHERE m.tenant_id = p_tenant_id
    ORDER BY m.created_at, m.user_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_members(uuid) IS
'Members of a tenant, oldest first. Raises TN002.';

ALTER FUNCTION tenancy.list_members(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_members(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_members(uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/mint_context.sql
-- tenancy.mint_context(p_credential, p_request): prove a credential and sign the context.
--
-- Why definer: callers may read neither credentials nor keys. A definer may not change the role, so
--              tenancy.enter() does that; a context minted without it verifies to NULL.
-- One answer:  unknown, expired, revoked, suspended, wrong region, disagreeing hint: same path,
--              same text, nothing about whether the tenant exists.
-- Logged:      each refusal, with a digest of the credential and never the reason: the log is what
--              a standby and a rolled-back transaction can still write to.
-- Raises:      TN001 no access. TN003 another context. TN004 request is not a small JSON object.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy.mint_context(
    p_credential text,
    p_request jsonb,
    OUT tenant_id uuid,
    OUT database_role name,
    OUT may_write boolean
)
RETURNS record
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
    v_request jsonb := coalesce(p_request, '{}');
BEGIN
    IF jsonb_typeof(v_request) <> 'object' OR octet_length(v_request::text) > 4096 THEN
        RAISE EXCEPTION 'request must be a JSON object of at most 4096 bytes'
            USING ERRCODE = 'TN004', HINT = 'Pass request id, client address and agent only.';
    END IF;

    IF octet_length(p_credential) <= 8192 THEN
        v_identity := CASE
            WHEN p_credential ~ '^[ps]k_' THEN tenancy_private.identify_api_key(p_credential)
            WHEN p_credential ~ '^at_' THEN tenancy_private.identify_ticket(p_credential)
            ELSE tenancy_private.identify_jwt(p_credential, v_request)
        END;
    END IF;

    IF NOT tenancy_private.may_enter(v_identity.tenant_id, v_request) THEN
        RAISE LOG 'tenancy.enter refused %', jsonb_build_object(
            'credential', left(encode(sha256(convert_to(left(p_credential, 8192), 'UTF8')), 'hex'), 16),
            'request_id', v_request -> 'request_id', 'client_address', inet_client_addr()
        );
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    SELECT t.id, r.database_role, s.may_write AND v_identity.may_write
    INTO STRICT tenant_id, database_role, may_write
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    CROSS JOIN tenancy.tenant_role AS r
    WHERE t.id = v_identity.tenant_id AND r.role = v_identity.role;

    PERFORM tenancy_private.sign_context(
        v_identity.tenant_id, v_identity.actor_id, v_identity.role, v_request, may_write
    );
    PERFORM tenancy_private.note_key_use(v_identity.unused_key);
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_context(text, jsonb) IS
'Prove a credential and sign the context of this transaction. Called by tenancy.enter(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_context(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_context(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_context(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

-- include: functions/tenancy/mint_system_context.sql
-- tenancy.mint_system_context(p_tenant_id, p_purpose): sign the context of a job.
--
-- Raises:      TN001 no such tenant here. TN003 another context. TN004 no purpose.
-- Tests:       tests/functions/tenancy/test_enter_system.py

CREATE OR REPLACE FUNCTION tenancy.mint_system_context(p_tenant_id uuid, p_purpose text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request jsonb := jsonb_build_object('purpose', p_purpose);
BEGIN
    IF length(btrim(coalesce(p_purpose, ''))) NOT BETWEEN 3 AND 200 THEN
        RAISE EXCEPTION 'a job needs a purpose of 3 to 200 characters'
            USING ERRCODE = 'TN004', HINT = 'Name the job, for example retention.';
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE t.id = p_tenant_id AND t.status <> 'purged'
    ) THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'operator', v_request, true);
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_system_context(uuid, text) IS
'Sign the context of a job on one tenant. Called by tenancy.enter_system(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_system_context(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_system_context(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_system_context(uuid, text)
TO tenancy_operator;

-- include: functions/tenancy/protect_table.sql
-- tenancy.protect_table(p_table, p_subject_column): put a table of your own behind the wall.
--
-- Who:         the owner of the table (a member of tenancy_builder), who keeps it. Idempotent; run
--              it again after a change of tenancy.access_matrix or of columns.
-- Takes:       every grant on the table, of whomever: what the access matrix says is all there is.
-- Adds:        tenant_id, a key that starts with it (on an empty table), an index that does, wall,
--              doors, FORCE, column grants, the identity trigger and the registry row.
-- Raises:      TN002 not the owner. TN006 cannot be made safe. TN007 rows without a tenant.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.protect_table(
    p_table regclass,
    p_subject_column name DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_statement text;
    v_is_filled boolean;
BEGIN
    PERFORM tenancy.register_table(p_table, p_subject_column);
    PERFORM tenancy.refuse_obstacles(p_table, false);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_is_filled;
    PERFORM tenancy.add_tenant_column(p_table, v_is_filled);

    PERFORM tenancy.refuse_obstacles(p_table, true);

    PERFORM tenancy.add_tenant_index(p_table);
    PERFORM tenancy.revoke_all_grants(p_table);
    FOR v_statement IN SELECT d.* FROM tenancy.protection_ddl(p_table) AS d LOOP
        EXECUTE v_statement;
    END LOOP;

    EXECUTE format(
        'CREATE OR REPLACE TRIGGER _100_keep_identity BEFORE UPDATE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION tenancy.tg_keep_identity()', p_table
    );
    EXECUTE format(
        'GRANT USAGE ON SCHEMA %I TO tenancy_customer, tenancy_staff, tenancy_manager, '
        'tenancy_admin',
        (SELECT c.relnamespace::regnamespace FROM pg_class AS c WHERE c.oid = p_table)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.protect_table(regclass, name) IS
'Protect a table of the caller: wall, doors, grants, trigger, registry. Idempotent. Raises TN002, TN006, TN007.';

ALTER FUNCTION tenancy.protect_table(regclass, name) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protect_table(regclass, name) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protect_table(regclass, name)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/protection_obstacles.sql
-- tenancy.protection_obstacles(p_table): why a table cannot be protected as it is.
--
-- Rows:        what tenancy.protect_table() does not repair by itself, each with the remedy.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.protection_obstacles(p_table regclass)
RETURNS TABLE (obstacle text, remedy text, is_repairable boolean)
LANGUAGE sql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'it is not an ordinary table', 'Protect the tables behind it.', false
    FROM pg_class AS c
    WHERE c.oid = p_table AND (c.relkind <> 'r' OR c.relispartition OR EXISTS (
        SELECT FROM pg_inherits AS i WHERE p_table IN (i.inhrelid, i.inhparent)
    ))
    UNION ALL
    SELECT 'rule ' || r.rulename || ' runs with the rights of its owner', 'Drop the rule.', false
    FROM pg_rewrite AS r
    WHERE r.ev_class = p_table
    UNION ALL
    SELECT 'subject column ' || p.subject_column || ' is not a uuid column of it',
        'Name the column that holds the id of the person a row is about.', false
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND c.relname = p.table_name
    LEFT JOIN pg_attribute AS a
        ON c.oid = a.attrelid AND p.subject_column = a.attname AND NOT a.attisdropped
    WHERE c.oid = p_table
      AND p.subject_column IS NOT NULL
      AND a.atttypid IS DISTINCT FROM 'uuid'::regtype
    UNION ALL
    SELECT 'tenant_id is not a uuid', 'ALTER TABLE … ALTER tenant_id TYPE uuid.',
        false
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table AND a.attname = 'tenant_id' AND a.atttypid <> 'uuid'::regtype
    UNION ALL
    SELECT
        'unique key ' || i.indexrelid::regclass || ' does not start with tenant_id',
        'Rebuild it as (tenant_id, …): otherwise it tells which values other tenants use.',
        i.indisprimary AND NOT EXISTS (
            SELECT FROM pg_constraint AS f WHERE f.confrelid = p_table
        )
    FROM pg_index AS i
    LEFT JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
    WHERE i.indrelid = p_table
      AND (i.indisunique OR i.indisexclusion)
      AND a.attname IS DISTINCT FROM 'tenant_id'
    UNION ALL
    SELECT
        'foreign key ' || k.conname || ' does not start with tenant_id',
        'Rebuild it as (tenant_id, …): otherwise it may point into another tenant.',
        false
    FROM pg_constraint AS k
    INNER JOIN pg_class AS f ON k.confrelid = f.oid
    INNER JOIN pg_namespace AS n ON f.relnamespace = n.oid
    INNER JOIN tenancy.protected_table AS p
        ON n.nspname = p.schema_name AND f.relname = p.table_name
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND k.conkey[1] = a.attnum
    INNER JOIN pg_attribute AS b ON k.confrelid = b.attrelid AND k.confkey[1] = b.attnum
    WHERE k.conrelid = p_table AND k.contype = 'f'
      AND (a.attname <> 'tenant_id' OR b.attname <> 'tenant_id')
    UNION ALL
    SELECT
        'foreign key ' || k.conname || ' would empty tenant_id',
        'ON DELETE SET NULL (column) without tenant_id, RESTRICT or CASCADE.',
        false
    FROM pg_constraint AS k
    INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND a.attname = 'tenant_id'
    WHERE k.conrelid = p_table AND k.contype = 'f' AND k.confdeltype IN ('n', 'd')
      AND a.attnum = ANY (coalesce(k.confdelsetcols, k.conkey));
$function$;

COMMENT ON FUNCTION tenancy.protection_obstacles(regclass) IS
'What stands in the way of tenancy.protect_table(), one row each, with the remedy (is_repairable: done by itself on an empty table); empty when nothing does.';

ALTER FUNCTION tenancy.protection_obstacles(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.protection_obstacles(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.protection_obstacles(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/reconcile_tenant.sql
-- tenancy.reconcile_tenant(p_tenant_id): make what a tenant is to have and has not; then active.
--
-- Enters:      the tenant like anybody else, signed, and leaves the context as it was.
-- Repeats:     safely; what is there stays as it is.
-- Raises:      TN001 no such tenant. TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.reconcile_tenant(p_tenant_id uuid)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_context text := coalesce(current_setting('tenancy.context', true), '');
    v_request text := coalesce(current_setting('tenancy.request', true), '');
    v_made integer;
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    PERFORM FROM tenancy_private.tenant AS t WHERE t.id = p_tenant_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'admin', '{}', true);
    PERFORM app.make_defaults();
    EXECUTE format('SET LOCAL tenancy.context = %L', v_context);
    EXECUTE format('SET LOCAL tenancy.request = %L', v_request);

    UPDATE tenancy_private.resource AS r
    SET made_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant_id AND r.made_at IS NULL;
    GET DIAGNOSTICS v_made = ROW_COUNT;
    UPDATE tenancy_private.tenant AS t
    SET status = 'active'
    WHERE t.id = p_tenant_id AND t.status = 'provisioning';

    RETURN v_made;
END;
$function$;

COMMENT ON FUNCTION tenancy.reconcile_tenant(uuid) IS
'Make the missing settings and bucket of a tenant, activate it when it was being provisioned, and return how many resources were recorded as made. Raises TN001, TN002.';

ALTER FUNCTION tenancy.reconcile_tenant(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.reconcile_tenant(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.reconcile_tenant(uuid)
TO tenancy_admin;

-- include: functions/tenancy/remove_member.sql
-- tenancy.remove_member(p_tenant_id, p_user_id): the user can no longer enter the tenant.
--
-- Raises:      TN001 no such member. TN002 not permitted, or oneself.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.remove_member(p_tenant_id uuid, p_user_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'remove_member');

    IF p_user_id = tenancy.actor_id() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'Another manager removes you.';
    END IF;

    DELETE FROM tenancy_private.member WHERE tenant_id = p_tenant_id AND user_id = p_user_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.remove_member(uuid, uuid) IS
'End a membership. Raises TN001, TN002.';

ALTER FUNCTION tenancy.remove_member(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.remove_member(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.remove_member(uuid, uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/review_evidence.sql
-- tenancy.review_evidence(p_id): somebody has looked at an admin session or a platform action.
--
-- Once:        who reviewed first stays on record.
-- Raises:      TN001 nothing of this id waits. TN002 not tenancy_admin outside any tenant.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy.review_evidence(p_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF tenancy.tenant_id() IS NOT NULL OR current_setting('role') <> 'tenancy_admin' THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    UPDATE tenancy_private.access_ticket AS t
    SET reviewed_by = session_user, reviewed_at = clock_timestamp()
    WHERE t.id = p_id AND t.reviewed_at IS NULL;
    IF NOT FOUND THEN
        UPDATE tenancy_private.platform_action AS a
        SET reviewed_by = session_user, reviewed_at = clock_timestamp()
        WHERE a.id = p_id AND a.reviewed_at IS NULL;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.review_evidence(uuid) IS
'Mark an admin session or a platform action as reviewed by this login. Raises TN001, TN002.';

ALTER FUNCTION tenancy.review_evidence(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.review_evidence(uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.review_evidence(uuid)
TO tenancy_admin;

-- include: functions/tenancy/revoke_all_grants.sql
-- tenancy.revoke_all_grants(p_table): nobody but its owner keeps a right on a table.
--
-- Why all:     a right given before, to a role that the access matrix does not know, reaches below
--              it: TRUNCATE, for one, asks no policy.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.revoke_all_grants(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_grantee text;
BEGIN
    FOR v_grantee IN
        SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
        FROM pg_class AS c
        CROSS JOIN LATERAL (
            SELECT t.grantee FROM aclexplode(c.relacl) AS t
            UNION
            SELECT t.grantee
            FROM pg_attribute AS col CROSS JOIN LATERAL aclexplode(col.attacl) AS t
            WHERE col.attrelid = c.oid
        ) AS a
        WHERE c.oid = p_table AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', p_table, v_grantee);
    END LOOP;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_all_grants(regclass) IS
'Step of tenancy.protect_table() and unprotect_table(): revoke every grant on a table, of whomever.';

ALTER FUNCTION tenancy.revoke_all_grants(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_all_grants(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_all_grants(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/revoke_api_key.sql
-- tenancy.revoke_api_key(p_tenant_id, p_key_id): an API key stops working at once.
--
-- Raises:      TN001 no such key of this tenant. TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.revoke_api_key(p_tenant_id uuid, p_key_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'revoke_api_key');

    UPDATE tenancy_private.api_key
    SET revoked_at = coalesce(revoked_at, clock_timestamp())
    WHERE tenant_id = p_tenant_id AND id = p_key_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.revoke_api_key(uuid, uuid) IS
'Revoke an API key. Idempotent. Raises TN001, TN002.';

ALTER FUNCTION tenancy.revoke_api_key(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.revoke_api_key(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.revoke_api_key(uuid, uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/rotate_api_key.sql
-- tenancy.rotate_api_key(p_tenant_id, p_key_id, p_overlap, p_days): replace a key without a gap.
--
-- Overlap:     the old key works on for so long, at most a week, and never longer than it would.
-- Raises:      TN001 no such key in force. TN002 not permitted. TN004 overlap or days out of range.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.rotate_api_key(
    p_tenant_id uuid,
    p_key_id uuid,
    p_overlap interval DEFAULT '1 day',
    p_days integer DEFAULT 90
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_old record;
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'rotate_api_key');

    IF p_overlap IS NULL OR p_overlap NOT BETWEEN interval '0' AND interval '7 days' THEN
        RAISE EXCEPTION 'the overlap is at most 7 days'
            USING ERRCODE = 'TN004', HINT = 'Two keys for longer are one key too many.';
    END IF;

    UPDATE tenancy_private.api_key AS k
    SET expires_at = least(k.expires_at, clock_timestamp() + p_overlap)
    WHERE k.tenant_id = p_tenant_id
      AND k.id = p_key_id
      AND k.revoked_at IS NULL
      AND k.expires_at > clock_timestamp()
    RETURNING k.kind, k.role, k.scopes, k.actor_id INTO v_old;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN tenancy_private.create_api_key(
        p_tenant_id, v_old.kind, v_old.role, p_days, v_old.scopes, v_old.actor_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer) IS
'Issue a successor of an API key and let the old one end after an overlap; returns the text of the new key, once. Raises TN001, TN002, TN004.';

ALTER FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/rotate_context_key.sql
-- tenancy.rotate_context_key(): sign from now on with a new random key.
--
-- Open transactions: the key before this one still verifies, and so do all of the last hour, so
--              that nobody is thrown out by rotating twice; older ones are deleted.
-- Secret:      made here from strong random bytes; it never appears in a statement or a log.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy.rotate_context_key()
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_kid text;
BEGIN
    LOCK TABLE tenancy_private.context_key IN SHARE ROW EXCLUSIVE MODE;

    DELETE FROM tenancy_private.context_key
    WHERE NOT is_current AND created_at < clock_timestamp() - interval '1 hour';
    UPDATE tenancy_private.context_key SET is_current = false WHERE is_current;

    SELECT to_char(coalesce(max(k.kid::integer), 0) % 9999 + 1, 'FM0000') INTO v_kid
    FROM tenancy_private.context_key AS k;

    INSERT INTO tenancy_private.context_key (kid, ipad, opad, is_current)
    SELECT v_kid, p.ipad, p.opad, true
    FROM tenancy_private.hmac_pads(
        convert_to(tenancy_private.random_secret('') || tenancy_private.random_secret(''), 'UTF8')
    ) AS p;

    RETURN v_kid;
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_context_key() IS
'Make a new signing key, keep those of the last hour and the one before for open transactions, and return its number.';

ALTER FUNCTION tenancy.rotate_context_key() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_context_key() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_context_key()
TO tenancy_admin, pg_database_owner;

-- include: functions/tenancy/rotate_webhook_secret.sql
-- tenancy.rotate_webhook_secret(p_tenant_id, p_overlap): a new signing key for webhooks.
--
-- Overlap:     meanwhile messages carry both signatures, so that receivers change in their time.
-- Raises:      TN002 not permitted. TN004 overlap out of range.
-- Tests:       tests/functions/tenancy/test_webhooks.py

CREATE OR REPLACE FUNCTION tenancy.rotate_webhook_secret(
    p_tenant_id uuid,
    p_overlap interval DEFAULT '1 day'
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'rotate_webhook_secret');

    IF p_overlap IS NULL OR p_overlap NOT BETWEEN interval '0' AND interval '7 days' THEN
        RAISE EXCEPTION 'the overlap is at most 7 days'
            USING ERRCODE = 'TN004', HINT = 'Two keys for longer are one key too many.';
    END IF;

    UPDATE tenancy_private.webhook_secret AS w
    SET expires_at = least(w.expires_at, clock_timestamp() + p_overlap)
    WHERE w.tenant_id = p_tenant_id;

    RETURN tenancy_private.create_webhook_secret(p_tenant_id);
END;
$function$;

COMMENT ON FUNCTION tenancy.rotate_webhook_secret(uuid, interval) IS
'Replace the webhook key of a tenant and return the text of the new one, once. Raises TN002, TN004.';

ALTER FUNCTION tenancy.rotate_webhook_secret(uuid, interval) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.rotate_webhook_secret(uuid, interval) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.rotate_webhook_secret(uuid, interval)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/set_member.sql
-- tenancy.set_member(p_tenant_id, p_user_id, p_role): add a member, or change their role.
--
-- Nobody changes their own role: a tenant cannot lose its last manager by a slip.
-- Raises:      TN002 not permitted, or oneself. 23514 no such role.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.set_member(p_tenant_id uuid, p_user_id uuid, p_role text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'set_member');

    IF p_user_id = tenancy.actor_id() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'Another manager changes your role.';
    END IF;

    INSERT INTO tenancy_private.member (tenant_id, user_id, role)
    VALUES (p_tenant_id, p_user_id, p_role)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_member(uuid, uuid, text) IS
'Make a user a customer, staff or manager of a tenant. Raises TN002, 23514.';

ALTER FUNCTION tenancy.set_member(uuid, uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_member(uuid, uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_member(uuid, uuid, text)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/unprotect_table.sql
-- tenancy.unprotect_table(p_table): take the wall, the doors and every tenant grant away again.
--
-- Fails closed: the grants go first, so no tenant role reaches the table without its wall.
-- Keeps:       tenant_id and the keys: they hold data. The default goes: nothing of ours hangs on.
-- Raises:      TN002 not the owner.
-- Tests:       tests/functions/tenancy/test_protect_table.py

CREATE OR REPLACE FUNCTION tenancy.unprotect_table(p_table regclass)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_policy name;
BEGIN
    PERFORM tenancy.unregister_table(p_table);
    PERFORM tenancy.revoke_all_grants(p_table);
    FOR v_policy IN
        SELECT p.polname
        FROM pg_policy AS p
        WHERE p.polrelid = p_table
          AND p.polname ~ '^(tenant_wall|owner_door|(tenant|subject)_(select|insert|update|delete))$'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', v_policy, p_table);
    END LOOP;
    IF EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = p_table AND a.attname = 'tenant_id'
    ) THEN
        EXECUTE format('ALTER TABLE %s ALTER tenant_id DROP DEFAULT', p_table);
    END IF;
    EXECUTE format('DROP TRIGGER IF EXISTS _100_keep_identity ON %s', p_table);
    EXECUTE format(
        'ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', p_table
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.unprotect_table(regclass) IS
'Undo tenancy.protect_table(), except for the column and the keys. Idempotent. Raises TN002.';

ALTER FUNCTION tenancy.unprotect_table(regclass) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.unprotect_table(regclass) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.unprotect_table(regclass)
TO tenancy_owner, tenancy_builder, pg_database_owner;

-- include: functions/tenancy/withdraw_invitation.sql
-- tenancy.withdraw_invitation(p_tenant_id, p_invitation_id): an invitation no longer works.
--
-- Raises:      TN001 no such open invitation. TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.withdraw_invitation(p_tenant_id uuid, p_invitation_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tenancy_private.require_administrator(p_tenant_id, 'withdraw_invitation');

    UPDATE tenancy_private.invitation AS i
    SET closed_at = clock_timestamp()
    WHERE i.tenant_id = p_tenant_id AND i.id = p_invitation_id AND i.closed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.withdraw_invitation(uuid, uuid) IS
'Withdraw an invitation that nobody has accepted. Raises TN001, TN002.';

ALTER FUNCTION tenancy.withdraw_invitation(uuid, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.withdraw_invitation(uuid, uuid) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.withdraw_invitation(uuid, uuid)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy_private/context_in_force.sql
-- tenancy_private.context_in_force(): the signed context, if its role is the one in force.
--
-- Why read-only: a context without the right to write verifies in read-only transactions alone, so
--              that minting one without tenancy.enter() gains nothing. Doors ask may_write() too.
-- Why the role: SET ROLE to another tenant role must gain nothing, and a context that was minted
--              without tenancy.enter() has no role in force at all.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy_private.context_in_force()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_body text := tenancy_private.verified_context();
BEGIN
    IF v_body IS NULL OR current_setting('role') IS DISTINCT FROM (
        CASE substr(v_body, 69, 1)
            WHEN 'c' THEN 'tenancy_customer'
            WHEN 's' THEN 'tenancy_staff'
            WHEN 'm' THEN 'tenancy_manager'
            WHEN 'a' THEN 'tenancy_admin'
            WHEN 'o' THEN 'tenancy_operator'
        END
    ) OR (substr(v_body, 71, 1) = 'r' AND current_setting('transaction_read_only') <> 'on') THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.context_in_force() IS
'The signed context when its role is in force, else NULL.';

ALTER FUNCTION tenancy_private.context_in_force() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.context_in_force() FROM public;

-- include: functions/tenancy_private/find_tenant.sql
-- tenancy_private.find_tenant(p_name): a tenant by slug or id, whatever its status.
--
-- Exact:       no trimming and no case folding; slugs are ASCII, so look-alikes match nothing.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy_private.find_tenant(p_name text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT t.id FROM tenancy_private.tenant AS t WHERE t.slug = p_name
        UNION ALL
        SELECT t.id
        FROM tenancy_private.tenant AS t
        WHERE t.id = CASE
            WHEN lower(p_name) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p_name::uuid
        END
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.find_tenant(text) IS
'Id of the tenant with this slug or id; NULL when there is none.';

ALTER FUNCTION tenancy_private.find_tenant(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.find_tenant(text) FROM public;

-- include: functions/tenancy_private/may_administer.sql
-- tenancy_private.may_administer(p_tenant_id): may the caller manage members and keys there?
--
-- Who:         a manager or admin inside that tenant; tenancy_admin outside any tenant (setup).
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.may_administer(p_tenant_id uuid)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        CASE
            WHEN tenancy_private.verified_context() IS NULL
                THEN current_setting('role') = 'tenancy_admin'
            ELSE tenancy.tenant_id() = p_tenant_id
                AND tenancy.actor_role() IN ('manager', 'admin')
        END,
        false
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_administer(uuid) IS
'True for a manager or admin inside the tenant, and for tenancy_admin outside any.';

ALTER FUNCTION tenancy_private.may_administer(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_administer(uuid) FROM public;

-- include: functions/tenancy_private/note_platform_action.sql
-- tenancy_private.note_platform_action(p_tenant_id, p_action): evidence that waits for review.
--
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy_private.note_platform_action(p_tenant_id uuid, p_action text)
RETURNS void
LANGUAGE sql
VOLATILE
SECURITY DEFINER
BEGIN ATOMIC
INSERT INTO tenancy_private.platform_action (id, tenant_id, action, performed_by)
VALUES (tenancy.uuidv7(), p_tenant_id, p_action, session_user);
END;

COMMENT ON FUNCTION tenancy_private.note_platform_action(uuid, text) IS
'Record what the platform did to a tenant from outside.';

ALTER FUNCTION tenancy_private.note_platform_action(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_platform_action(uuid, text) FROM public;

-- include: functions/tenancy_private/require_administrator.sql
-- tenancy_private.require_administrator(p_tenant_id, p_action): who manages members and keys there.
--
-- Who:         a manager or admin inside the tenant; tenancy_admin outside any tenant.
-- Evidence:    what the platform does to a tenant from outside is recorded for review: a key that
--              it issued for itself would otherwise be a way in without an access ticket.
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_evidence.py

CREATE OR REPLACE FUNCTION tenancy_private.require_administrator(
    p_tenant_id uuid,
    p_action text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF p_action IS NOT NULL AND tenancy.tenant_id() IS NULL THEN
        PERFORM tenancy_private.note_platform_action(p_tenant_id, p_action);
    ELSIF p_action IS NOT NULL AND NOT tenancy.may_write() THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'This tenant, or this key, is read-only.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.require_administrator(uuid, text) IS
'Refuse whoever may not manage a tenant; record an action of the platform (NULL: only reads). Raises TN002.';

ALTER FUNCTION tenancy_private.require_administrator(uuid, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.require_administrator(uuid, text) FROM public;

-- include: functions/tenancy_private/sign_context.sql
-- tenancy_private.sign_context(…): bind this transaction to one tenant, actor and role.
--
-- Once:        the same again is a no-op; anything else would let an open cursor or a deferred
--              trigger straddle two tenants.
-- Why EXECUTE: a SET LOCAL statement reaches the workers of a Citus cluster, set_config() does not.
-- Raises:      TN003 another context was entered in this transaction.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.sign_context(
    p_tenant_id uuid,
    p_actor_id uuid,
    p_role text,
    p_request jsonb,
    p_may_write boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_before text := tenancy_private.verified_context();
    v_body text;
BEGIN
    SELECT k.kid
        || replace(p_tenant_id::text, '-', '')
        || coalesce(replace(p_actor_id::text, '-', ''), repeat('0', 32))
        || r.code
        || left(t.placement, 1)
        || CASE WHEN p_may_write THEN 'w' ELSE 'r' END
        || encode(sha256(convert_to(p_request::text, 'UTF8')), 'hex')
    INTO STRICT v_body
    FROM tenancy_private.context_key AS k
    CROSS JOIN tenancy_private.tenant AS t
    CROSS JOIN tenancy.tenant_role AS r
    WHERE k.is_current AND t.id = p_tenant_id AND r.role = p_role;

    IF v_before IS NOT NULL THEN
        IF substr(v_before, 5, 64) <> substr(v_body, 5, 64)
            OR substr(v_before, 69, 1) NOT IN (substr(v_body, 69, 1), '-')
        THEN
            RAISE EXCEPTION 'this transaction already has another context' USING
                ERRCODE = 'TN003',
                HINT = 'One tenant, actor and role per transaction: commit first.';
        ELSIF substr(v_before, 69, 1) <> '-' THEN
            RETURN;
        END IF;
    END IF;

    EXECUTE format('SET LOCAL tenancy.request = %L', p_request);
    EXECUTE format(
        'SET LOCAL tenancy.context = %L',
        v_body || tenancy_private.context_mac(left(v_body, 4), v_body)
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean) IS
'Sign and set the context of this transaction. Raises TN003 when it has another one.';

ALTER FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.sign_context(uuid, uuid, text, jsonb, boolean) FROM public;

-- include: functions/tenancy_private/verified_context.sql
-- tenancy_private.verified_context(): the signed context in force, or NULL.
--
-- Never raises: length first, and nothing is cast before the signature is right.
-- Constant time: digests of the signatures are compared, not the signatures.
-- Layout:      kid 4, tenant 32, actor 32, role 1, placement 1, mode 1, request digest 64,
--              mac 64.
-- Tests:       tests/functions/tenancy/test_context.py

CREATE OR REPLACE FUNCTION tenancy_private.verified_context()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_token text := current_setting('tenancy.context', true);
    v_body text;
    v_mac text;
BEGIN
    IF octet_length(v_token) IS DISTINCT FROM 199 THEN
        RETURN NULL;
    END IF;

    v_body := left(v_token, 135);
    v_mac := tenancy_private.context_mac(left(v_body, 4), v_body);

    IF v_mac IS NULL
        OR sha256(convert_to(v_mac, 'UTF8')) <> sha256(convert_to(substr(v_token, 136), 'UTF8'))
    THEN
        RETURN NULL;
    END IF;

    RETURN v_body;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verified_context() IS
'The 135 signed characters of this transaction''s context when the signature is right, else NULL.';

ALTER FUNCTION tenancy_private.verified_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verified_context() FROM public;

-- include: functions/tenancy_private/verify_jwt.sql
-- tenancy_private.verify_jwt(p_token): the claims of a valid JWT, or NULL.
--
-- Order:       the signature first. Header and claims are parsed only when one of our issuers
--              signed them, so nothing untrusted reaches a parser, and alg can confuse nobody.
-- Never raises: an issuer that signs garbage is refused like a stranger.
-- crit:        names an extension that must be understood; we understand none (RFC 7515, 4.1.11).
-- Source:      RFC 7515, section 5.2; RFC 7519, section 4.1; RFC 8725, sections 3.1 and 3.2.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.verify_jwt(p_token text)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_part text[] := string_to_array(p_token, '.');
    v_now numeric := extract(EPOCH FROM clock_timestamp());
    v_signer tenancy_private.jwt_issuer [];
    v_header jsonb;
    v_claims jsonb;
BEGIN
    IF octet_length(p_token) > 8192 OR cardinality(v_part) IS DISTINCT FROM 3 THEN
        RETURN NULL;
    END IF;

    SELECT array_agg(i) INTO v_signer
    FROM tenancy_private.jwt_issuer AS i
    WHERE i.revoked_at IS NULL
      AND sha256(convert_to(v_part[3], 'UTF8')) = sha256(convert_to(rtrim(translate(encode(
          sha256(i.opad || sha256(i.ipad || convert_to(v_part[1] || '.' || v_part[2], 'UTF8'))),
          'base64'
      ), '+/', '-_'), '='), 'UTF8'));
    IF v_signer IS NULL THEN
        RETURN NULL;
    END IF;

    v_header := convert_from(tenancy_private.decode_base64url(v_part[1]), 'UTF8')::jsonb;
    v_claims := convert_from(tenancy_private.decode_base64url(v_part[2]), 'UTF8')::jsonb;
    RETURN (
        SELECT jsonb_build_object(
            'sub', v_claims -> 'sub',
            'tenant', v_claims -> s.tenant_claim,
            'role', v_claims -> s.role_claim
        )
        FROM unnest(v_signer) AS s
        WHERE v_header ->> 'alg' = 'HS256'
          AND NOT v_header ? 'crit'
          AND v_claims ->> 'iss' = s.issuer
          AND (v_claims -> 'aud') @> to_jsonb(s.audience)
          AND jsonb_typeof(v_claims -> 'exp') = 'number'
          AND (v_claims ->> 'exp')::numeric > v_now
          AND coalesce(jsonb_typeof(v_claims -> 'nbf'), 'number') = 'number'
          AND coalesce((v_claims ->> 'nbf')::numeric, 0) <= v_now
        LIMIT 1
    );
EXCEPTION
    WHEN data_exception OR cardinality_violation THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.verify_jwt(text) IS
'sub, tenant and role of an HS256 token of one of our issuers, valid now; else NULL.';

ALTER FUNCTION tenancy_private.verify_jwt(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.verify_jwt(text) FROM public;

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
