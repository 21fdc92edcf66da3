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

-- drop: functions/app/make_defaults.sql
DROP FUNCTION app.make_defaults();

-- drop: functions/tenancy/accept_invitation.sql
DROP FUNCTION tenancy.accept_invitation(text, text);

-- drop: functions/tenancy/claim_custom_domain.sql
DROP FUNCTION tenancy.claim_custom_domain(uuid, text);

-- drop: functions/tenancy/confirm_custom_domain.sql
DROP FUNCTION tenancy.confirm_custom_domain(text, text[]);

-- clear: functions/tenancy/create_tenant.sql
DROP FUNCTION tenancy.create_tenant(text, text, text, text, text, text, text, uuid);

-- drop: functions/tenancy/invite_member.sql
DROP FUNCTION tenancy.invite_member(uuid, text, text, integer);

-- clear: functions/tenancy_private/random_secret.sql
DROP FUNCTION tenancy_private.random_secret(text);

-- drop: functions/tenancy_private/credential_checksum.sql
DROP FUNCTION tenancy_private.credential_checksum(text);

-- drop: functions/tenancy/is_well_formed_credential.sql
DROP FUNCTION tenancy.is_well_formed_credential(text);

-- clear: functions/tenancy/issue_api_key.sql
DROP FUNCTION tenancy.issue_api_key(uuid, text, text, integer, text[]);

-- clear: functions/tenancy/list_api_keys.sql
DROP FUNCTION tenancy.list_api_keys(uuid);

-- drop: functions/tenancy/list_invitations.sql
DROP FUNCTION tenancy.list_invitations(uuid);

-- drop: functions/tenancy/list_tenants.sql
DROP FUNCTION tenancy.list_tenants(uuid, integer);

-- drop: functions/tenancy/reconcile_tenant.sql
DROP FUNCTION tenancy.reconcile_tenant(uuid);

-- drop: functions/tenancy/rotate_api_key.sql
DROP FUNCTION tenancy.rotate_api_key(uuid, uuid, interval, integer);

-- drop: functions/tenancy/rotate_webhook_secret.sql
DROP FUNCTION tenancy.rotate_webhook_secret(uuid, interval);

-- drop: functions/tenancy/sign_webhook.sql
DROP FUNCTION tenancy.sign_webhook(text, timestamptz, text);

-- drop: functions/tenancy/tenant_for_host.sql
DROP FUNCTION tenancy.tenant_for_host(text);

-- drop: functions/tenancy/verify_api_key.sql
DROP FUNCTION tenancy.verify_api_key(text, text);

-- drop: functions/tenancy/withdraw_invitation.sql
DROP FUNCTION tenancy.withdraw_invitation(uuid, uuid);

-- drop: functions/tenancy_private/claim_slug.sql
DROP FUNCTION tenancy_private.claim_slug(text, uuid);

-- drop: functions/tenancy_private/create_api_key.sql
DROP FUNCTION tenancy_private.create_api_key(uuid, text, text, integer, text[], uuid);

-- drop: functions/tenancy_private/create_webhook_secret.sql
DROP FUNCTION tenancy_private.create_webhook_secret(uuid);

-- drop: functions/tenancy_private/describe_tenant.sql
DROP FUNCTION tenancy_private.describe_tenant(uuid);

-- drop: functions/tenancy_private/insert_tenant.sql
DROP FUNCTION tenancy_private.insert_tenant(uuid, text, text, text, text, text);

-- drop: functions/tenancy_private/note_key_failure.sql
DROP FUNCTION tenancy_private.note_key_failure(uuid);

-- drop: functions/tenancy_private/note_key_use.sql
DROP FUNCTION tenancy_private.note_key_use(uuid);

-- drop: functions/tenancy_private/repeated_request.sql
DROP FUNCTION tenancy_private.repeated_request(text, bytea, uuid);

-- drop: functions/tenancy_private/slug_skeleton.sql
DROP FUNCTION tenancy_private.slug_skeleton(text);

-- drop: seeds/reference/7-reserved-slugs.sql

-- include: functions/tenancy/create_tenant.sql
-- tenancy.create_tenant(p_slug, p_name, p_industry, p_region): a new tenant, ready to be entered.
--
-- Raises:      TN002 not tenancy_admin. TN005 slug taken. 23514 a value out of its domain.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.create_tenant(
    p_slug text,
    p_name text,
    p_industry text,
    p_region text DEFAULT NULL
)
RETURNS uuid
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_id uuid := tenancy.uuidv7();
BEGIN
    IF NOT tenancy_private.may_administer(v_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002', HINT = 'SET ROLE tenancy_admin outside any tenant.';
    END IF;

    INSERT INTO tenancy_private.tenant (id, slug, name, industry, region)
    VALUES (
        v_id, p_slug, p_name, p_industry,
        coalesce(p_region, (SELECT n.region FROM tenancy_private.node AS n))
    );

    RETURN v_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'slug is taken' USING ERRCODE = 'TN005', HINT = 'Choose another slug.';
END;
$function$;

COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text) IS
'Create an active tenant (industry restaurant, medspa or hotel; region of this cluster by default) and return its id. Raises TN002, TN005, 23514.';

ALTER FUNCTION tenancy.create_tenant(text, text, text, text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.create_tenant(text, text, text, text)
TO tenancy_admin;

-- include: functions/tenancy/issue_api_key.sql
-- tenancy.issue_api_key(p_tenant_id, p_kind, p_role, p_days): a new API key, shown once.
--
-- Stored:      only the SHA-256 of the key. Public keys (pk_…) are anonymous customers.
-- Raises:      TN002 not permitted. TN004 not 1 to 730 days. 23514 a public key with another role.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.issue_api_key(
    p_tenant_id uuid,
    p_kind text,
    p_role text DEFAULT 'customer',
    p_days integer DEFAULT 90
)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_key text := tenancy_private.random_secret(
        CASE p_kind WHEN 'public' THEN 'pk_live_' ELSE 'sk_live_' END
    );
BEGIN
    IF NOT tenancy_private.may_administer(p_tenant_id) THEN
        RAISE EXCEPTION 'not permitted' USING
            ERRCODE = 'TN002',
            HINT = 'Enter the tenant as a manager, or SET ROLE tenancy_admin outside any tenant.';
    END IF;

    IF p_days IS NULL OR p_days NOT BETWEEN 1 AND 730 THEN
        RAISE EXCEPTION 'a key lasts 1 to 730 days'
            USING ERRCODE = 'TN004', HINT = 'Issue a new key before the old one expires.';
    END IF;

    INSERT INTO tenancy_private.api_key (id, tenant_id, digest, kind, role, expires_at)
    VALUES (
        tenancy.uuidv7(), p_tenant_id, sha256(convert_to(v_key, 'UTF8')), p_kind, p_role,
        clock_timestamp() + make_interval(days => p_days)
    );

    RETURN v_key;
END;
$function$;

COMMENT ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer) IS
'Issue a public or secret API key and return its text, once. Raises TN002, TN004, 23514.';

ALTER FUNCTION tenancy.issue_api_key(uuid, text, text, integer) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.issue_api_key(uuid, text, text, integer)
TO tenancy_manager, tenancy_admin;

-- include: functions/tenancy/list_api_keys.sql
-- tenancy.list_api_keys(p_tenant_id): the keys of a tenant, without their text.
--
-- Raises:      TN002 not permitted.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy.list_api_keys(p_tenant_id uuid)
RETURNS TABLE (
    id uuid, kind text, role text,
    created_at timestamptz, expires_at timestamptz, revoked_at timestamptz
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
    SELECT k.id, k.kind, k.role, k.created_at, k.expires_at, k.revoked_at
    FROM tenancy_private.api_key AS k
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

-- include: functions/tenancy/mint_context.sql
-- tenancy.mint_context(p_credential, p_request): prove a credential and sign the context.
--
-- Why definer: callers may read neither credentials nor keys. A definer may not change the role, so
--              tenancy.enter() does that; a context minted without it verifies to NULL.
-- One answer:  unknown, expired, revoked, suspended, wrong region, disagreeing hint: same path,
--              same text, nothing about whether the tenant exists.
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
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;

    PERFORM tenancy_private.sign_context(
        v_identity.tenant_id, v_identity.actor_id, v_identity.role, v_request
    );

    SELECT t.id, r.database_role, s.may_write
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

-- include: functions/tenancy_private/identify_api_key.sql
-- tenancy_private.identify_api_key(p_credential): whom a pk_… or sk_… key stands for.
--
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
        k.role
    INTO v_identity
    FROM tenancy_private.api_key AS k
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
    SELECT m.tenant_id, m.user_id, r.role
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
    SELECT t.tenant_id, t.id, 'admin'
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
                AND (other.custom_domain = v_host
                    OR other.slug || '.' || n.platform_domain = v_host)
          ))
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, jsonb) IS
'True when the tenant exists, its status and region admit it here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, jsonb) FROM public;

-- include: functions/tenancy_private/random_secret.sql
-- tenancy_private.random_secret(p_prefix): a credential nobody can guess.
--
-- Why uuids:   gen_random_uuid() is the built-in strong random source: 2 x 122 bits, hashed.
-- Tests:       tests/functions/tenancy/test_members_and_keys.py

CREATE OR REPLACE FUNCTION tenancy_private.random_secret(p_prefix text)
RETURNS text
LANGUAGE sql
VOLATILE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
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
    );
END;

COMMENT ON FUNCTION tenancy_private.random_secret(text) IS
'p_prefix and 43 characters of base64url (RFC 4648, section 5), 244 random bits.';

ALTER FUNCTION tenancy_private.random_secret(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.random_secret(text) FROM public;

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
