-- Provision tenants.
-- depends: 0007.create-provisioning
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

-- clear: functions/tenancy/create_tenant.sql
DROP FUNCTION tenancy.create_tenant(text, text, text, text);

-- clear: functions/tenancy/issue_api_key.sql
DROP FUNCTION tenancy.issue_api_key(uuid, text, text, integer);

-- clear: functions/tenancy/list_api_keys.sql
DROP FUNCTION tenancy.list_api_keys(uuid);

-- include: functions/app/make_defaults.sql
-- app.make_defaults(): settings and private bucket of the tenant in context, where missing.
--
-- Why definer: the kernel has no rights on the tables; the owner has, and only inside the tenant.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION app.make_defaults()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO app.settings (tenant_id, branding, notifications)
    VALUES (
        (SELECT tenancy.tenant_id()),
        '{"primary_color": "#667eea", "logo_url": null}',
        '{"email_enabled": true, "sms_enabled": false}'
    )
    ON CONFLICT (tenant_id) DO NOTHING;

    INSERT INTO app.storage_buckets (tenant_id, name, is_public, max_object_bytes)
    VALUES ((SELECT tenancy.tenant_id()), 'uploads', false, 52428800)
    ON CONFLICT (tenant_id, name) DO NOTHING;
END;
$function$;

COMMENT ON FUNCTION app.make_defaults() IS
'Insert the default settings, and a private bucket for files of at most 50 MB, of the current tenant.';

ALTER FUNCTION app.make_defaults() OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION app.make_defaults() FROM public;
GRANT EXECUTE ON FUNCTION app.make_defaults()
TO tenancy_kernel;

-- include: functions/tenancy/accept_invitation.sql
-- tenancy.accept_invitation(p_token, p_credential): become a member of the tenant that invited.
--
-- Proof:       both: the token that was sent, and a JWT that says who accepts. Outside any tenant.
-- Rank:        a member who is more already stays what they are.
-- Raises:      TN001 anything that is not exactly right.
-- Tests:       tests/functions/tenancy/test_invitations.py

CREATE OR REPLACE FUNCTION tenancy.accept_invitation(p_token text, p_credential text)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_uuid CONSTANT text := '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
    v_user_id text := tenancy_private.verify_jwt(p_credential) ->> 'sub';
    v_tenant_id uuid;
    v_role text;
    v_email text;
BEGIN
    IF octet_length(p_token) <= 200 AND v_user_id ~* v_uuid THEN
        UPDATE tenancy_private.invitation AS i
        SET closed_at = clock_timestamp(), user_id = v_user_id::uuid
        WHERE i.digest = sha256(convert_to(p_token, 'UTF8'))
          AND i.closed_at IS NULL
          AND i.expires_at > clock_timestamp()
          AND tenancy_private.may_enter(i.tenant_id, '{}')
        RETURNING i.tenant_id, i.role, i.email INTO v_tenant_id, v_role, v_email;
    END IF;
    IF v_tenant_id IS NULL THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    INSERT INTO tenancy_private.member AS m (tenant_id, user_id, role, email)
    VALUES (v_tenant_id, v_user_id::uuid, v_role, v_email)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET email = excluded.email,
        role = (
            SELECT r.role FROM tenancy.tenant_role AS r
            WHERE r.role IN (m.role, excluded.role) ORDER BY r.rank DESC LIMIT 1
        );

    RETURN v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.accept_invitation(text, text) IS
'Accept an invitation as the user of a JWT and return the tenant. Once. Raises TN001.';

ALTER FUNCTION tenancy.accept_invitation(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.accept_invitation(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.accept_invitation(text, text)
TO tenancy_gateway;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy/confirm_custom_domain.sql
-- tenancy.confirm_custom_domain(p_domain, p_records): give a host name to who proved it.
--
-- Who:         a job that has looked up the TXT records; the database asks no name server.
-- Raises:      TN001 no claim has one of these texts. TN033 the name is another tenant's already.
-- Tests:       tests/functions/tenancy/test_hosts.py

CREATE OR REPLACE FUNCTION tenancy.confirm_custom_domain(p_domain text, p_records text[])
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_domain text := rtrim(lower(p_domain), '.');
    v_tenant_id uuid;
BEGIN
    SELECT d.tenant_id INTO v_tenant_id
    FROM tenancy_private.custom_domain AS d
    WHERE d.domain = v_domain AND d.token = ANY (p_records);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    IF EXISTS (
        SELECT FROM tenancy_private.tenant AS t
        WHERE t.custom_domain = v_domain AND t.id <> v_tenant_id
    ) THEN
        RAISE EXCEPTION 'this name is in use by another tenant'
            USING ERRCODE = 'TN033', HINT = 'An administrator settles who owns it.';
    END IF;

    UPDATE tenancy_private.tenant AS t
    SET custom_domain = v_domain
    WHERE t.id = v_tenant_id;

    RETURN v_tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy.confirm_custom_domain(text, text[]) IS
'Set the custom domain of the tenant whose claim stands in the TXT records, and return its id. Raises TN001, TN033.';

ALTER FUNCTION tenancy.confirm_custom_domain(text, text[]) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.confirm_custom_domain(text, text[]) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.confirm_custom_domain(text, text[])
TO tenancy_operator;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy_private/credential_checksum.sql
-- tenancy_private.credential_checksum(p_text): six characters that recognise a typo.
--
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.credential_checksum(p_text text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.left(
        pg_catalog.translate(
            pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p_text, 'UTF8')), 'base64'),
            '+/', '-_'
        ),
        6
    );
END;

COMMENT ON FUNCTION tenancy_private.credential_checksum(text) IS
'First 36 bits of SHA-256, as base64url.';

ALTER FUNCTION tenancy_private.credential_checksum(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.credential_checksum(text) FROM public;

-- include: functions/tenancy/is_well_formed_credential.sql
-- tenancy.is_well_formed_credential(p_text): does it look like one of ours, checksum included?
--
-- For:         secret scanners, and clients that would rather find a typo before a round trip.
-- Says:        nothing about whether it is valid.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.is_well_formed_credential(p_text text)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
        p_text ~ '^((pk|sk)_live|at|inv)_[A-Za-z0-9_-]{49}$'
        AND right(p_text, 6) = tenancy_private.credential_checksum(left(p_text, -6)),
        false
    );
$function$;

COMMENT ON FUNCTION tenancy.is_well_formed_credential(text) IS
'True for text with the shape and the checksum of a credential of ours, valid or not.';

ALTER FUNCTION tenancy.is_well_formed_credential(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.is_well_formed_credential(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.is_well_formed_credential(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy/list_tenants.sql
-- tenancy.list_tenants(p_after, p_limit): the tenants of this cluster, a page at a time.
--
-- Raises:      TN002 not tenancy_admin outside any tenant. TN004 not 1 to 1000 rows.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy.list_tenants(
    p_after uuid DEFAULT NULL,
    p_limit integer DEFAULT 100
)
RETURNS TABLE (
    tenant_id uuid, slug text, name text, industry text, plan text,
    status text, region text, placement text, created_at timestamptz
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

    IF p_limit IS NULL OR p_limit NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'a page has 1 to 1000 tenants'
            USING ERRCODE = 'TN004', HINT = 'Pass the last id of a page to get the next one.';
    END IF;

    RETURN QUERY
    SELECT
        t.id, t.slug, t.name, t.industry, t.plan, t.status, t.region, t.placement, t.created_at
    FROM tenancy_private.tenant AS t
    WHERE t.id > p_after OR p_after IS NULL
    ORDER BY t.id
    LIMIT p_limit;
END;
$function$;

COMMENT ON FUNCTION tenancy.list_tenants(uuid, integer) IS
'Tenants by id, which is by age, after p_after. For tenancy_admin. Raises TN002, TN004.';

ALTER FUNCTION tenancy.list_tenants(uuid, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.list_tenants(uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.list_tenants(uuid, integer)
TO tenancy_admin;

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

    PERFORM tenancy_private.sign_context(
        v_identity.tenant_id, v_identity.actor_id, v_identity.role, v_request
    );

    PERFORM tenancy_private.note_key_use(v_identity.unused_key);
    SELECT t.id, r.database_role, s.may_write AND v_identity.may_write
    INTO STRICT tenant_id, database_role, may_write
    FROM tenancy_private.tenant AS t
    INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
    CROSS JOIN tenancy.tenant_role AS r
    WHERE t.id = v_identity.tenant_id AND r.role = v_identity.role;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_context(text, jsonb) IS
'Prove a credential and sign the context of this transaction. Called by tenancy.enter(). Raises TN001, TN003, TN004.';

ALTER FUNCTION tenancy.mint_context(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_context(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_context(text, jsonb)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_gateway,
tenancy_console, tenancy_operator;

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

    PERFORM tenancy_private.sign_context(p_tenant_id, NULL, 'admin', '{}');
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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy/sign_webhook.sql
-- tenancy.sign_webhook(p_message_id, p_timestamp, p_payload): the webhook-signature header.
--
-- Source:      Standard Webhooks: v1, and HMAC-SHA-256 of id.timestamp.payload in base64; one for
--              each key in force, newest first, separated by spaces.
-- Raises:      TN001 no tenant in context, or none of its keys.
-- Tests:       tests/functions/tenancy/test_webhooks.py

CREATE OR REPLACE FUNCTION tenancy.sign_webhook(
    p_message_id text,
    p_timestamp timestamptz,
    p_payload text
)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_message bytea := convert_to(
        p_message_id || '.' || floor(extract(EPOCH FROM p_timestamp)) || '.' || p_payload, 'UTF8'
    );
    v_signature text;
BEGIN
    SELECT string_agg(
        'v1,' || encode(sha256(w.opad || sha256(w.ipad || v_message)), 'base64'),
        ' ' ORDER BY w.id DESC
    )
    INTO v_signature
    FROM tenancy_private.webhook_secret AS w
    WHERE w.tenant_id = (SELECT tenancy.tenant_id())
      AND (w.expires_at IS NULL OR w.expires_at > clock_timestamp());
    IF v_signature IS NULL THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    RETURN v_signature;
END;
$function$;

COMMENT ON FUNCTION tenancy.sign_webhook(text, timestamptz, text) IS
'Value of the webhook-signature header for a message of the current tenant (seconds of p_timestamp are the webhook-timestamp). Raises TN001.';

ALTER FUNCTION tenancy.sign_webhook(text, timestamptz, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.sign_webhook(text, timestamptz, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.sign_webhook(text, timestamptz, text)
TO tenancy_manager, tenancy_admin, tenancy_operator;

-- include: functions/tenancy/tenant_for_host.sql
-- tenancy.tenant_for_host(p_host): whose site a host name is, or NULL.
--
-- No oracle:   unknown, suspended and of another region are one answer, by one path.
-- Tests:       tests/functions/tenancy/test_hosts.py

CREATE OR REPLACE FUNCTION tenancy.tenant_for_host(p_host text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_host text := rtrim(lower(split_part(left(p_host, 260), ':', 1)), '.');
BEGIN
    RETURN (
        SELECT t.id
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE s.may_enter
          AND (t.custom_domain = v_host OR (
              t.slug = split_part(v_host, '.', 1) AND v_host = t.slug || '.' || n.platform_domain
          ))
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_for_host(text) IS
'Id of the open tenant of slug.<platform domain> or of a proven custom domain; NULL for anything else.';

ALTER FUNCTION tenancy.tenant_for_host(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_for_host(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_for_host(text)
TO tenancy_gateway, tenancy_admin, tenancy_operator;

-- include: functions/tenancy/verify_api_key.sql
-- tenancy.verify_api_key(p_key, p_tenant): does this key open this tenant, now?
--
-- Never raises: false for anything that is not exactly right, whatever the reason.
-- Brute force: call it in a transaction of its own, so that its count of failures stays; each
--              failure of a minute makes the next one 10 ms slower, to half a second.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy.verify_api_key(p_key text, p_tenant text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    v_tenant_id uuid;
    v_identity tenancy_private.identity;
BEGIN
    IF octet_length(p_key) <= 8192 AND octet_length(p_tenant) <= 64 THEN
        v_tenant_id := tenancy_private.find_tenant(p_tenant);
        v_identity := tenancy_private.identify_api_key(p_key);
    END IF;

    IF v_identity.tenant_id = v_tenant_id AND tenancy_private.may_enter(v_tenant_id, '{}') THEN
        PERFORM tenancy_private.note_key_use(v_identity.unused_key);
        RETURN true;
    END IF;

    PERFORM tenancy_private.note_key_failure(coalesce(v_tenant_id, v_nobody));
    RETURN false;
END;
$function$;

COMMENT ON FUNCTION tenancy.verify_api_key(text, text) IS
'True when the API key is valid and opens the tenant with this slug or id; false otherwise, without raising.';

ALTER FUNCTION tenancy.verify_api_key(text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.verify_api_key(text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.verify_api_key(text, text)
TO tenancy_gateway, tenancy_operator;

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
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

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

-- include: functions/tenancy_private/claim_slug.sql
-- tenancy_private.claim_slug(p_slug, p_tenant_id): take a subdomain for good.
--
-- One text:    reserved, used before and look-alike are told apart for nobody.
-- Raises:      TN005 taken. 23514 not a slug (by the table of tenants, which comes first).
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.claim_slug(p_slug text, p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO tenancy_private.taken_slug (skeleton, slug, tenant_id)
    VALUES (tenancy_private.slug_skeleton(p_slug), p_slug, p_tenant_id)
    ON CONFLICT (skeleton) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slug is taken' USING
            ERRCODE = 'TN005', HINT = 'Choose one that is not reserved and resembles no other.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.claim_slug(text, uuid) IS
'Reserve a slug and everything that looks like it. Raises TN005.';

ALTER FUNCTION tenancy_private.claim_slug(text, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.claim_slug(text, uuid) FROM public;

-- include: functions/tenancy_private/create_api_key.sql
-- tenancy_private.create_api_key(…): store the digest of a new key and return its text.
--
-- Raises:      TN004 no role above, not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.create_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text,
    p_days integer,
    p_scopes text[],
    p_actor_id uuid
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
    v_key text := tenancy_private.random_secret(
        CASE p_kind WHEN 'public' THEN 'pk_live_' ELSE 'sk_live_' END
    );
BEGIN
    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 730 THEN
        RAISE EXCEPTION 'a key lasts 1 to 730 days'
            USING ERRCODE = 'TN004', HINT = 'Issue a new key before the old one expires.';
    END IF;

    INSERT INTO tenancy_private.api_key
        (id, tenant_id, digest, kind, role, actor_id, scopes, expires_at)
    VALUES (
        v_id, p_tenant_id, sha256(convert_to(v_key, 'UTF8')), p_kind, p_role, p_actor_id,
        p_scopes, clock_timestamp() + make_interval(days => p_days)
    );
    INSERT INTO tenancy_private.api_key_use (key_id) VALUES (v_id);

    RETURN v_key;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid) IS
'Store a new API key as a digest and return its text, once. Raises TN004, 23514.';

ALTER FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid)
FROM public;

-- include: functions/tenancy_private/create_webhook_secret.sql
-- tenancy_private.create_webhook_secret(p_tenant_id): a new key that signs webhooks.
--
-- Source:      Standard Webhooks, section on symmetric keys: whsec_ and base64 of 32 random bytes.
-- Tests:       tests/functions/tenancy/test_webhooks.py

CREATE OR REPLACE FUNCTION tenancy_private.create_webhook_secret(p_tenant_id uuid)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
BEGIN
    INSERT INTO tenancy_private.webhook_secret (id, tenant_id, ipad, opad)
    SELECT tenancy.uuidv7(), p_tenant_id, p.ipad, p.opad
    FROM tenancy_private.hmac_pads(v_secret) AS p;

    RETURN 'whsec_' || encode(v_secret, 'base64');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.create_webhook_secret(uuid) IS
'Store a new webhook key and return its text, once.';

ALTER FUNCTION tenancy_private.create_webhook_secret(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.create_webhook_secret(uuid) FROM public;

-- include: functions/tenancy_private/describe_tenant.sql
-- tenancy_private.describe_tenant(p_tenant_id): what create_tenant() says about a tenant.
--
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.describe_tenant(p_tenant_id uuid)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT jsonb_build_object('tenant_id', t.id, 'slug', t.slug, 'status', t.status)
        FROM tenancy_private.tenant AS t
        WHERE t.id = p_tenant_id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.describe_tenant(uuid) IS
'tenant_id, slug and status of a tenant; NULL when there is none.';

ALTER FUNCTION tenancy_private.describe_tenant(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.describe_tenant(uuid) FROM public;

-- include: functions/tenancy_private/identify_api_key.sql
-- tenancy_private.identify_api_key(p_credential): whom a pk_… or sk_… key stands for.
--
-- unused_key:  the key's id when its last use is not on record for this hour.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_api_key(p_credential text)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
BEGIN
    SELECT
        k.tenant_id,
        CASE k.kind WHEN 'secret' THEN coalesce(k.actor_id, k.id) END,
        k.role,
        'write' = ANY (k.scopes),
        u.key_id
    INTO v_identity
    FROM tenancy_private.api_key AS k
    LEFT JOIN tenancy_private.api_key_use AS u
        ON k.id = u.key_id AND u.used_at > clock_timestamp() - interval '1 hour' IS NOT TRUE
    WHERE k.digest = sha256(convert_to(p_credential, 'UTF8'))
      AND k.revoked_at IS NULL
      AND k.expires_at > clock_timestamp();

    RETURN v_identity;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_api_key(text) IS
'Identity of a valid API key; all NULL for any other text.';

ALTER FUNCTION tenancy_private.identify_api_key(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_api_key(text) FROM public;

-- include: functions/tenancy_private/identify_jwt.sql
-- tenancy_private.identify_jwt(p_credential, p_request): the member a JWT stands for.
--
-- Which tenant: the token's claim, else the one the request names, else the user's only one.
-- Which role:  the membership decides; the token may lower it, never raise it.
-- Tests:       tests/functions/tenancy/test_enter_jwt.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_jwt(p_credential text, p_request jsonb)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_claims jsonb := tenancy_private.verify_jwt(p_credential);
    v_name text := coalesce(v_claims ->> 'tenant', p_request ->> 'tenant', p_request ->> 'location');
    v_identity tenancy_private.identity;
BEGIN
    SELECT m.tenant_id, m.user_id, r.role, true, NULL
    INTO STRICT v_identity
    FROM tenancy_private.member AS m
    INNER JOIN tenancy.tenant_role AS own ON m.role = own.role
    INNER JOIN tenancy.tenant_role AS r ON coalesce(v_claims ->> 'role', m.role) = r.role
    WHERE m.user_id::text = lower(v_claims ->> 'sub')
      AND r.rank <= own.rank
      AND (v_name IS NULL OR m.tenant_id = tenancy_private.find_tenant(v_name));

    RETURN v_identity;
EXCEPTION
    WHEN no_data_found OR too_many_rows THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_jwt(text, jsonb) IS
'Identity of the member a valid JWT names; all NULL when it names none, or several without a choice.';

ALTER FUNCTION tenancy_private.identify_jwt(text, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_jwt(text, jsonb) FROM public;

-- include: functions/tenancy_private/identify_ticket.sql
-- tenancy_private.identify_ticket(p_credential): the administrator behind an access ticket.
--
-- Later:       a ticket works only when the transaction that opened it has committed, so that a
--              ROLLBACK cannot erase the evidence of what it was used for.
-- Tests:       tests/functions/tenancy/test_open_admin_session.py

CREATE OR REPLACE FUNCTION tenancy_private.identify_ticket(p_credential text)
RETURNS tenancy_private.identity
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_identity tenancy_private.identity;
BEGIN
    SELECT t.tenant_id, t.id, 'admin', true, NULL
    INTO v_identity
    FROM tenancy_private.access_ticket AS t
    WHERE t.digest = sha256(convert_to(p_credential, 'UTF8'))
      AND t.closed_at IS NULL
      AND t.expires_at > clock_timestamp()
      AND t.opened_in IS DISTINCT FROM pg_current_xact_id_if_assigned();

    RETURN v_identity;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.identify_ticket(text) IS
'Identity of an open access ticket of an earlier transaction; all NULL for any other text.';

ALTER FUNCTION tenancy_private.identify_ticket(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.identify_ticket(text) FROM public;

-- include: functions/tenancy_private/insert_tenant.sql
-- tenancy_private.insert_tenant(…): the record of a tenant, its subdomain, and what it is to have.
--
-- Raises:      TN005 subdomain taken. TN030 another region. 23503, 23514 a value out of its domain.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.insert_tenant(
    p_id uuid,
    p_name text,
    p_industry text,
    p_slug text,
    p_plan text,
    p_region text
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_region text;
BEGIN
    SELECT n.region INTO STRICT v_region FROM tenancy_private.node AS n;
    IF p_region <> v_region THEN
        RAISE EXCEPTION 'this cluster serves region %', v_region USING
            ERRCODE = 'TN030', HINT = 'Create the tenant in a cluster of its own region.';
    END IF;

    INSERT INTO tenancy_private.tenant
        (id, slug, name, industry, plan, status, region, compliance_tier)
    VALUES (
        p_id, p_slug, p_name, p_industry, p_plan, 'provisioning', v_region,
        CASE p_industry WHEN 'medspa' THEN 'hipaa' ELSE 'standard' END
    )
    ON CONFLICT (slug) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'slug is taken' USING
            ERRCODE = 'TN005', HINT = 'Choose one that is not reserved and resembles no other.';
    END IF;

    PERFORM tenancy_private.claim_slug(p_slug, p_id);
    INSERT INTO tenancy_private.resource (tenant_id, name)
    VALUES (p_id, 'settings'), (p_id, 'bucket');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text) IS
'Insert a tenant in status provisioning. Raises TN005, TN030, 23503, 23514.';

ALTER FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text)
OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text)
FROM public;

-- include: functions/tenancy_private/may_enter.sql
-- tenancy_private.may_enter(p_tenant_id, p_request): is the tenant open, here, for this request?
--
-- Hints:       host, tenant and location are what the client believes. They never choose a tenant
--              against the credential; one that disagrees refuses the request.
-- Tests:       tests/functions/tenancy/test_enter.py

CREATE OR REPLACE FUNCTION tenancy_private.may_enter(p_tenant_id uuid, p_request jsonb)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_host text := lower(split_part(p_request ->> 'host', ':', 1));
BEGIN
    RETURN EXISTS (
        SELECT
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE t.id = p_tenant_id
          AND s.may_enter
          AND coalesce(p_request ->> 'tenant', t.slug) IN (t.slug, t.id::text)
          AND coalesce(p_request ->> 'location', t.slug) IN (t.slug, t.id::text)
          AND (v_host IS NULL OR NOT EXISTS (
              SELECT
              FROM tenancy_private.tenant AS other
              WHERE other.id <> t.id
                AND (other.custom_domain = v_host OR (
                    other.slug = split_part(v_host, '.', 1)
                    AND v_host = other.slug || '.' || n.platform_domain
                ))
          ))
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, jsonb) IS
'True when the tenant exists, its status and region admit it here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, jsonb) FROM public;

-- include: functions/tenancy_private/note_key_failure.sql
-- tenancy_private.note_key_failure(p_tenant_id): count a failure, and make the next one slower.
--
-- Unlogged:    the counts are lost in a crash; a read-only transaction counts nothing.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.note_key_failure(p_tenant_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM pg_sleep(least(50, f.failures) * 0.01)
    FROM tenancy_private.key_failure AS f
    WHERE f.tenant_id = p_tenant_id AND f.since > clock_timestamp() - interval '1 minute';
    IF current_setting('transaction_read_only') = 'on' THEN
        RETURN;
    END IF;

    INSERT INTO tenancy_private.key_failure AS f (tenant_id, since, failures)
    VALUES (p_tenant_id, clock_timestamp(), 1)
    ON CONFLICT (tenant_id) DO UPDATE
    SET since = CASE
            WHEN f.since > clock_timestamp() - interval '1 minute' THEN f.since
            ELSE excluded.since
        END,
        failures = CASE
            WHEN f.since > clock_timestamp() - interval '1 minute' THEN f.failures + 1
            ELSE 1
        END;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.note_key_failure(uuid) IS
'Sleep 10 ms for each failure of this minute, at most half a second, then count one more.';

ALTER FUNCTION tenancy_private.note_key_failure(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_key_failure(uuid) FROM public;

-- include: functions/tenancy_private/note_key_use.sql
-- tenancy_private.note_key_use(p_key_id): record that a key was used, once an hour.
--
-- Never waits: a row that somebody else is writing is skipped; what is read-only writes nothing.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.note_key_use(p_key_id uuid)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_key_id IS NULL OR current_setting('transaction_read_only') = 'on' THEN
        RETURN;
    END IF;

    UPDATE tenancy_private.api_key_use AS u
    SET used_at = clock_timestamp()
    WHERE u.key_id IN (
        SELECT w.key_id
        FROM tenancy_private.api_key_use AS w
        WHERE w.key_id = p_key_id
        FOR UPDATE SKIP LOCKED
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.note_key_use(uuid) IS
'Set the last use of a key to now, unless somebody else is at it.';

ALTER FUNCTION tenancy_private.note_key_use(uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.note_key_use(uuid) FROM public;

-- include: functions/tenancy_private/random_secret.sql
-- tenancy_private.random_secret(p_prefix): a credential nobody can guess.
--
-- Why uuids:   gen_random_uuid() is the built-in strong random source: 2 x 122 bits, hashed.
-- Tests:       tests/functions/tenancy/test_api_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.random_secret(p_prefix text)
RETURNS text
LANGUAGE sql
VOLATILE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT s.secret || tenancy_private.credential_checksum(s.secret)
    FROM (
        SELECT p_prefix || pg_catalog.rtrim(
            pg_catalog.translate(
                pg_catalog.encode(
                    pg_catalog.sha256(
                        pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                        || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
                    ),
                    'base64'
                ),
                '+/', '-_'
            ),
            '='
        ) AS secret
    ) AS s;
END;

COMMENT ON FUNCTION tenancy_private.random_secret(text) IS
'p_prefix, 43 characters of base64url (RFC 4648, section 5) from 244 random bits, and six of checksum.';

ALTER FUNCTION tenancy_private.random_secret(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.random_secret(text) FROM public;

-- include: functions/tenancy_private/repeated_request.sql
-- tenancy_private.repeated_request(…): the tenant that an idempotency key has made before, if any.
--
-- Concurrent:  a second caller waits for the first to commit, then finds its row.
-- Raises:      TN031 the key was used with other parameters.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.repeated_request(
    p_idempotency_key text,
    p_digest bytea,
    p_tenant_id uuid
)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_request record;
BEGIN
    IF p_idempotency_key IS NULL THEN
        RETURN NULL;
    END IF;

    INSERT INTO tenancy_private.provisioning_request (idempotency_key, digest, tenant_id)
    VALUES (p_idempotency_key, p_digest, p_tenant_id)
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;

    SELECT r.digest, r.tenant_id INTO STRICT v_request
    FROM tenancy_private.provisioning_request AS r
    WHERE r.idempotency_key = p_idempotency_key;
    IF v_request.digest <> p_digest THEN
        RAISE EXCEPTION 'this idempotency key was used with other parameters' USING
            ERRCODE = 'TN031', HINT = 'Use a new key for another tenant.';
    END IF;

    RETURN v_request.tenant_id;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.repeated_request(text, bytea, uuid) IS
'Tenant made before by this idempotency key, else NULL and the key is taken. Raises TN031.';

ALTER FUNCTION tenancy_private.repeated_request(text, bytea, uuid) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.repeated_request(text, bytea, uuid) FROM public;

-- include: functions/tenancy_private/slug_skeleton.sql
-- tenancy_private.slug_skeleton(p_slug): what a slug looks like to a hurried reader.
--
-- Source:      the idea of Unicode TR 39, section 4, for the letters that a slug may have.
-- Tests:       tests/functions/tenancy/test_create_tenant.py

CREATE OR REPLACE FUNCTION tenancy_private.slug_skeleton(p_slug text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT pg_catalog.translate(
        pg_catalog.replace(pg_catalog.replace(p_slug, 'rn', 'm'), 'vv', 'w'),
        '0123456789ijlqyuz-', 'ol2e4sb78glllgvvz'
    );
END;

COMMENT ON FUNCTION tenancy_private.slug_skeleton(text) IS
'Slug with look-alike characters folded together and hyphens removed.';

ALTER FUNCTION tenancy_private.slug_skeleton(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.slug_skeleton(text) FROM public;

-- include: seeds/reference/7-reserved-slugs.sql
-- Subdomains that no tenant gets: the platform's own, and those that people take for it.

INSERT INTO tenancy_private.taken_slug (skeleton, slug)
SELECT
    tenancy_private.slug_skeleton(s.slug) AS skeleton,
    min(s.slug) AS slug
FROM unnest(ARRAY[
    'about', 'account', 'accounts', 'admin', 'administrator', 'api', 'app', 'apps', 'assets',
    'auth', 'beta', 'billing', 'blog', 'cdn', 'console', 'dashboard', 'demo', 'dev', 'docs',
    'download', 'email', 'engageos', 'ftp', 'git', 'help', 'hostmaster', 'imap', 'internal',
    'legal', 'login',
    'mail', 'media', 'mx', 'news', 'ns', 'ns1', 'ns2', 'oauth', 'pay', 'payment', 'payments', 'pop',
    'postmaster', 'privacy', 'prod', 'register', 'root', 'sandbox', 'secure', 'security', 'signup',
    'smtp', 'sso', 'staging', 'static', 'status', 'support', 'test', 'upload', 'uploads', 'webhook',
    'webhooks', 'webmail', 'www', 'www1', 'www2'
]) AS s (slug)
GROUP BY tenancy_private.slug_skeleton(s.slug)
ON CONFLICT (skeleton) DO NOTHING;

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
