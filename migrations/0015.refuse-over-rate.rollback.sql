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

-- drop: seeds/reference/8-reserved-slugs.sql

-- include: functions/tenancy/mint_request_context.sql
-- tenancy.mint_request_context(): prove the credential of a PostgREST request and sign the context.
--
-- Authority:   the raw token or key, verified here. A key beside a token must be of the tenant that
--              the token opens; host name and x-tenant-id / x-location-id (?tenant=, ?location=)
--              must agree, and only choose among the tenants of a user who belongs to several.
-- Tickets:     an administrator's has no place on a public endpoint.
-- Raises:      TN001 no access, whatever the reason. TN003 another context.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy.mint_request_context(
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
    v_headers jsonb := tenancy_private.request_headers();
    v_credential text := tenancy_private.request_credential();
    v_key text := nullif(tenancy_private.request_key(), v_credential);
    v_host text := split_part(
        coalesce(v_headers ->> 'x-forwarded-host', v_headers ->> 'host'), ',', 1
    );
    v_of_key uuid := (tenancy_private.identify_api_key(v_key)).tenant_id;
BEGIN
    -- Longer values are cut, never refused: a cut name still agrees with no tenant.
    SELECT m.tenant_id, m.database_role, m.may_write
    INTO tenant_id, database_role, may_write
    FROM tenancy.mint_context(
        CASE WHEN v_credential !~ '^at_' THEN v_credential END,
        jsonb_strip_nulls(jsonb_build_object(
            'tenant', left(coalesce(
                v_headers ->> 'x-tenant-id',
                v_of_key::text,
                tenancy_private.find_tenant_of_host(v_host)::text
            ), 64),
            'location', left(v_headers ->> 'x-location-id', 64),
            'host', left(v_host, 254),
            'request_id', left(v_headers ->> 'x-request-id', 64),
            'client_address', left(split_part(v_headers ->> 'x-forwarded-for', ',', 1), 64),
            'user_agent', left(v_headers ->> 'user-agent', 128)
        ))
    ) AS m;

    IF v_key IS NOT NULL AND v_of_key IS DISTINCT FROM tenant_id THEN
        RAISE EXCEPTION 'resource not found' USING ERRCODE = 'TN001';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_request_context() IS
'Prove the credential in request.headers and sign the context. Called by tenancy.pre_request(). Raises TN001, TN003.';

ALTER FUNCTION tenancy.mint_request_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_request_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_request_context()
TO tenancy_gateway;

-- include: functions/tenancy/pre_request.sql
-- tenancy.pre_request(): PostgREST's db-pre-request: enter the tenant of the request's credential.
--
-- Trusts:      nothing that PostgREST decoded: request.jwt.claims is a setting like any other.
-- Read-only:   works in the READ ONLY transaction of a GET; it writes nothing.
-- Why invoker: a definer may not change the role. Without a SET clause every name is qualified.
-- Raises:      TN001 no access, whatever the reason: PostgREST answers 400 with one body.
-- Tests:       tests/functions/tenancy/test_pre_request.py, tests/clients/postgrest/

CREATE OR REPLACE FUNCTION tenancy.pre_request()
RETURNS void
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
AS $function$
DECLARE
    v_context pg_catalog.record;
BEGIN
    SELECT m.database_role, m.may_write INTO v_context
    FROM tenancy.mint_request_context() AS m;

    EXECUTE pg_catalog.format('SET LOCAL ROLE %I', v_context.database_role);
    IF NOT v_context.may_write THEN
        SET LOCAL transaction_read_only = on;
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.pre_request() IS
'Enter the tenant of the bearer token or API key in request.headers. For db-pre-request of PostgREST. Raises TN001, TN003.';

ALTER FUNCTION tenancy.pre_request() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.pre_request() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.pre_request()
TO tenancy_gateway;

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
