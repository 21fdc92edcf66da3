-- Serve api.
-- depends: 0011.create-api
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

-- include: functions/api/set_tenant_context.sql
-- api.set_tenant_context(p_tenant_id): the product's rpc, in the schema that PostgREST exposes.
--
-- Proof:       tenancy.set_tenant_context() asks for it. HTTP keeps no context between requests:
--              each carries its credential, and this call confirms the tenant that it opens.
-- Raises:      TN001 no such tenant, or not the caller's. TN003 another context.
-- Tests:       tests/clients/postgrest/

CREATE OR REPLACE FUNCTION api.set_tenant_context(p_tenant_id text)
RETURNS void
LANGUAGE sql
VOLATILE
SECURITY INVOKER
BEGIN ATOMIC
    SELECT tenancy.set_tenant_context(p_tenant_id);
END;

COMMENT ON FUNCTION api.set_tenant_context(text) IS
'Confirm the tenant with this slug or id. Raises TN001, TN003.';

ALTER FUNCTION api.set_tenant_context(text) OWNER TO tenancy_owner;
REVOKE ALL ON FUNCTION api.set_tenant_context(text) FROM public;
GRANT EXECUTE ON FUNCTION api.set_tenant_context(text)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: functions/tenancy/current_tenant.sql
-- tenancy.current_tenant(): what may be known of the caller's own tenant; no row without a context.
--
-- Why definer: callers may not read tenancy_private.tenant, where the others are.
-- Left out:    plan, keys and everything commercial: a public key in a browser reads this row.
-- Tests:       tests/functions/api/test_views.py

CREATE OR REPLACE FUNCTION tenancy.current_tenant()
RETURNS TABLE (
    tenant_id uuid,
    slug text,
    name text,
    industry text,
    status text,
    region text,
    custom_domain text
)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
ROWS 1
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT t.id, t.slug, t.name, t.industry, t.status, t.region, t.custom_domain
    FROM tenancy_private.tenant AS t
    WHERE t.id = (SELECT tenancy.tenant_id());
END;
$function$;

COMMENT ON FUNCTION tenancy.current_tenant() IS
'The public fields of the tenant of this transaction; no row without a context.';

ALTER FUNCTION tenancy.current_tenant() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.current_tenant() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.current_tenant()
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

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

-- include: functions/tenancy/set_config.sql
-- tenancy.set_config(…): what PostgREST finds instead of pg_catalog's in the query of an upsert.
--
-- Why:         PostgREST counts the rows of an upsert in a setting, as the tenant's role, which
--              must not have set_config (sql/harden.sql). db-extra-search-path puts this first.
-- Only:        pgrst.inserted, for the transaction, to a number.
-- Raises:      42501 anything else.
-- Tests:       tests/functions/tenancy/test_pre_request.py, tests/clients/postgrest/

CREATE OR REPLACE FUNCTION tenancy.set_config(p_name text, p_value text, p_is_local boolean)
RETURNS text
LANGUAGE plpgsql
VOLATILE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF (p_name = 'pgrst.inserted' AND p_is_local AND p_value ~ '^[0-9]{1,9}$') IS NOT TRUE THEN
        RAISE EXCEPTION 'permission denied for function set_config' USING ERRCODE = '42501';
    END IF;

    EXECUTE format('SET LOCAL pgrst.inserted = %L', p_value);
    RETURN p_value;
END;
$function$;

COMMENT ON FUNCTION tenancy.set_config(text, text, boolean) IS
'Set the row counter of a PostgREST upsert, and nothing else. Raises 42501.';

ALTER FUNCTION tenancy.set_config(text, text, boolean) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.set_config(text, text, boolean) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.set_config(text, text, boolean)
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

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
BEGIN
    RETURN (
        SELECT t.id
        FROM tenancy_private.tenant AS t
        INNER JOIN tenancy.tenant_status AS s ON t.status = s.status
        INNER JOIN tenancy_private.node AS n ON t.region = n.region
        WHERE s.may_enter
          AND t.id = tenancy_private.find_tenant_of_host(left(p_host, 260))
    );
END;
$function$;

COMMENT ON FUNCTION tenancy.tenant_for_host(text) IS
'Id of the open tenant of slug.<platform domain> or of a proven custom domain; NULL for anything else.';

ALTER FUNCTION tenancy.tenant_for_host(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.tenant_for_host(text) FROM public;
GRANT EXECUTE ON FUNCTION tenancy.tenant_for_host(text)
TO tenancy_gateway, tenancy_admin, tenancy_operator;

-- include: functions/tenancy_private/find_tenant_of_host.sql
-- tenancy_private.find_tenant_of_host(p_host): the tenant that a host name belongs to, or NULL.
--
-- Forms:       slug.<platform domain> or a custom domain; port, case and a final dot do not matter.
-- Why two:     each half is found by its own unique index, whatever the number of tenants.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy_private.find_tenant_of_host(p_host text)
RETURNS uuid
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_host text := rtrim(lower(split_part(btrim(p_host), ':', 1)), '.');
BEGIN
    RETURN (
        SELECT t.id
        FROM tenancy_private.tenant AS t
        WHERE t.custom_domain = v_host
        UNION ALL
        SELECT t.id
        FROM tenancy_private.node AS n
        INNER JOIN tenancy_private.tenant AS t ON t.slug = split_part(v_host, '.', 1)
        WHERE v_host = t.slug || '.' || n.platform_domain
        LIMIT 1
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.find_tenant_of_host(text) IS
'Id of the tenant with this host name; NULL when it is nobody''s.';

ALTER FUNCTION tenancy_private.find_tenant_of_host(text) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.find_tenant_of_host(text) FROM public;

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
          AND coalesce(tenancy_private.find_tenant_of_host(p_request ->> 'host'), t.id) = t.id
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.may_enter(uuid, jsonb) IS
'True when the tenant exists, its status and region admit it here, and no hint disagrees.';

ALTER FUNCTION tenancy_private.may_enter(uuid, jsonb) OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.may_enter(uuid, jsonb) FROM public;

-- include: functions/tenancy_private/request_credential.sql
-- tenancy_private.request_credential(): the raw credential of a PostgREST request, or NULL.
--
-- Raw:         request.jwt.claims is a setting like any other and proves nothing; the token does.
-- Which:       the bearer token, else the API key. supabase-js sends its apikey as a token too:
--              that one says nothing of its own.
-- x-authorization: the proxy's name for a token that PostgREST itself must not look at.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy_private.request_credential()
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_headers jsonb := tenancy_private.request_headers();
BEGIN
    RETURN coalesce(
        nullif(
            substring(
                coalesce(v_headers ->> 'authorization', v_headers ->> 'x-authorization')
                FROM '^[Bb]earer +(.+)$'
            ),
            v_headers ->> 'apikey'
        ),
        tenancy_private.request_key()
    );
END;
$function$;

COMMENT ON FUNCTION tenancy_private.request_credential() IS
'The bearer token of request.headers, else its API key; NULL when there is none.';

ALTER FUNCTION tenancy_private.request_credential() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.request_credential() FROM public;

-- include: functions/tenancy_private/request_headers.sql
-- tenancy_private.request_headers(): the HTTP headers of a PostgREST request, or NULL.
--
-- Names:       lower case, as PostgREST writes them; a name in another case is not found.
-- Never raises: what is no JSON of at most 64 kB (web servers admit less) holds no header, and
--              neither does a JSON value that is no object.
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy_private.request_headers()
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_text text := current_setting('request.headers', true);
BEGIN
    RETURN CASE WHEN octet_length(v_text) <= 65536 THEN v_text::jsonb END;
EXCEPTION
    WHEN data_exception OR program_limit_exceeded THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.request_headers() IS
'request.headers as jsonb; NULL when it is missing, broken or larger than 64 kB.';

ALTER FUNCTION tenancy_private.request_headers() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.request_headers() FROM public;

-- include: functions/tenancy_private/request_key.sql
-- tenancy_private.request_key(): the API key of a PostgREST request, or NULL.
--
-- Two names:   x-tenant-key where apikey belongs to the platform in front (a hosted Supabase).
-- Tests:       tests/functions/tenancy/test_pre_request.py

CREATE OR REPLACE FUNCTION tenancy_private.request_key()
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_headers jsonb := tenancy_private.request_headers();
BEGIN
    RETURN coalesce(v_headers ->> 'x-tenant-key', v_headers ->> 'apikey');
END;
$function$;

COMMENT ON FUNCTION tenancy_private.request_key() IS
'The x-tenant-key or apikey header of request.headers; NULL when there is none.';

ALTER FUNCTION tenancy_private.request_key() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.request_key() FROM public;

-- include: sql/views/api/analytics.sql
-- sql/views/api/analytics.sql: app.analytics for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.analytics
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata,
    created_at,
    updated_at
FROM app.analytics;

COMMENT ON VIEW api.analytics IS
'app.analytics as PostgREST serves it.';

COMMENT ON COLUMN api.analytics.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.analytics.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.analytics.customer_id IS 'Person, if known.';
COMMENT ON COLUMN api.analytics.event IS 'Name of the event.';
COMMENT ON COLUMN api.analytics.session_id IS 'Visit the event belongs to.';
COMMENT ON COLUMN api.analytics.payload IS 'Details of the event.';
COMMENT ON COLUMN api.analytics.occurred_at IS 'When it happened.';
COMMENT ON COLUMN api.analytics.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.analytics.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.analytics.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.analytics OWNER TO tenancy_owner;

REVOKE ALL ON api.analytics
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.analytics TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata
) ON api.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata,
    created_at,
    updated_at
) ON api.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    event,
    session_id,
    payload,
    occurred_at,
    metadata
) ON api.analytics
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/bookings.sql
-- sql/views/api/bookings.sql: app.bookings for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.bookings
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata,
    created_at,
    updated_at
FROM app.bookings;

COMMENT ON VIEW api.bookings IS
'app.bookings as PostgREST serves it.';

COMMENT ON COLUMN api.bookings.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.bookings.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.bookings.customer_id IS 'Who booked.';
COMMENT ON COLUMN api.bookings.patient_id IS 'Patient to be treated, in a med spa.';
COMMENT ON COLUMN api.bookings.service IS 'What was booked.';
COMMENT ON COLUMN api.bookings.status IS 'Where the booking stands.';
COMMENT ON COLUMN api.bookings.starts_at IS 'Beginning.';
COMMENT ON COLUMN api.bookings.ends_at IS 'End.';
COMMENT ON COLUMN api.bookings.time_zone IS 'Zone of the place (IANA name).';
COMMENT ON COLUMN api.bookings.party_size IS 'Number of people.';
COMMENT ON COLUMN api.bookings.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN api.bookings.price IS 'Agreed price, in currency.';
COMMENT ON COLUMN api.bookings.notes IS 'Wishes.';
COMMENT ON COLUMN api.bookings.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.bookings.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.bookings.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.bookings OWNER TO tenancy_owner;

REVOKE ALL ON api.bookings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.bookings TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata
) ON api.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata,
    created_at,
    updated_at
) ON api.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    patient_id,
    service,
    status,
    starts_at,
    ends_at,
    time_zone,
    party_size,
    currency,
    price,
    notes,
    metadata
) ON api.bookings
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/branding.sql
-- sql/views/api/branding.sql: the part of app.settings that customers read.
-- Why: a security_invoker view checks every column that it names, used or not, so api.settings is
-- closed to who may read three of them.

CREATE OR REPLACE VIEW api.branding
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    branding
FROM app.settings;

COMMENT ON VIEW api.branding IS 'Logo and colours of the tenant, for everybody in it.';

COMMENT ON COLUMN api.branding.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.branding.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.branding.branding IS 'Logo and colours.';

ALTER VIEW api.branding OWNER TO tenancy_owner;
REVOKE ALL ON api.branding FROM public;
GRANT SELECT (tenant_id, id, branding) ON api.branding
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/customers.sql
-- sql/views/api/customers.sql: app.customers for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.customers
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata,
    created_at,
    updated_at
FROM app.customers;

COMMENT ON VIEW api.customers IS
'app.customers as PostgREST serves it.';

COMMENT ON COLUMN api.customers.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.customers.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.customers.email IS 'E-mail address, as given; unique inside the tenant in lower case.';
COMMENT ON COLUMN api.customers.full_name IS 'Name as the person writes it.';
COMMENT ON COLUMN api.customers.phone IS 'Telephone number, as given.';
COMMENT ON COLUMN api.customers.locale IS 'Language tag (BCP 47).';
COMMENT ON COLUMN api.customers.marketing_opt_in IS 'Agreed to advertising.';
COMMENT ON COLUMN api.customers.loyalty_points IS 'Balance of the loyalty programme.';
COMMENT ON COLUMN api.customers.notes IS 'What staff wrote down.';
COMMENT ON COLUMN api.customers.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.customers.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.customers.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.customers OWNER TO tenancy_owner;

REVOKE ALL ON api.customers
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.customers TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata
) ON api.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON api.customers
TO tenancy_customer;

GRANT SELECT (
    tenant_id,
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata,
    created_at,
    updated_at
) ON api.customers
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    loyalty_points,
    notes,
    metadata
) ON api.customers
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    email,
    full_name,
    phone,
    locale,
    marketing_opt_in,
    metadata
) ON api.customers
TO tenancy_customer;

-- include: sql/views/api/guests.sql
-- sql/views/api/guests.sql: app.guests for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.guests
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata,
    created_at,
    updated_at
FROM app.guests;

COMMENT ON VIEW api.guests IS
'app.guests as PostgREST serves it.';

COMMENT ON COLUMN api.guests.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.guests.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.guests.customer_id IS 'Their customer account, if any.';
COMMENT ON COLUMN api.guests.full_name IS 'Name.';
COMMENT ON COLUMN api.guests.email IS 'E-mail address.';
COMMENT ON COLUMN api.guests.nationality IS 'Country (ISO 3166-1 alpha-2).';
COMMENT ON COLUMN api.guests.document_number IS 'Number of the travel document.';
COMMENT ON COLUMN api.guests.preferences IS 'Room, pillow, newspaper.';
COMMENT ON COLUMN api.guests.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.guests.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.guests.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.guests OWNER TO tenancy_owner;

REVOKE ALL ON api.guests
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.guests TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata
) ON api.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata,
    created_at,
    updated_at
) ON api.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    full_name,
    email,
    nationality,
    document_number,
    preferences,
    metadata
) ON api.guests
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/orders.sql
-- sql/views/api/orders.sql: app.orders for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.orders
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata,
    created_at,
    updated_at
FROM app.orders;

COMMENT ON VIEW api.orders IS
'app.orders as PostgREST serves it.';

COMMENT ON COLUMN api.orders.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.orders.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.orders.customer_id IS 'Who ordered; NULL for a walk-in.';
COMMENT ON COLUMN api.orders.order_number IS 'Number on the receipt, unique inside the tenant.';
COMMENT ON COLUMN api.orders.status IS 'Where the order stands.';
COMMENT ON COLUMN api.orders.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN api.orders.subtotal IS 'Sum of the items, in currency.';
COMMENT ON COLUMN api.orders.tax IS 'Taxes, in currency.';
COMMENT ON COLUMN api.orders.total IS 'What is to be paid, in currency.';
COMMENT ON COLUMN api.orders.items IS 'Lines of the order.';
COMMENT ON COLUMN api.orders.payment_intent_id IS 'Token of the payment provider; never a card number.';
COMMENT ON COLUMN api.orders.payment_status IS 'What the provider says.';
COMMENT ON COLUMN api.orders.notes IS 'Wishes of the customer.';
COMMENT ON COLUMN api.orders.placed_at IS 'When it was ordered.';
COMMENT ON COLUMN api.orders.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.orders.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.orders.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.orders OWNER TO tenancy_owner;

REVOKE ALL ON api.orders
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.orders TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    order_number,
    currency,
    subtotal,
    tax,
    total,
    items,
    notes,
    metadata
) ON api.orders
TO tenancy_customer;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata
) ON api.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata,
    created_at,
    updated_at
) ON api.orders
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    order_number,
    currency,
    subtotal,
    tax,
    total,
    items,
    notes,
    metadata
) ON api.orders
TO tenancy_customer;

GRANT UPDATE (
    id,
    customer_id,
    order_number,
    status,
    currency,
    subtotal,
    tax,
    total,
    items,
    payment_intent_id,
    payment_status,
    notes,
    placed_at,
    metadata
) ON api.orders
TO tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/patients.sql
-- sql/views/api/patients.sql: app.patients for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.patients
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata,
    created_at,
    updated_at
FROM app.patients;

COMMENT ON VIEW api.patients IS
'app.patients as PostgREST serves it.';

COMMENT ON COLUMN api.patients.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.patients.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.patients.customer_id IS 'Their customer account, if any.';
COMMENT ON COLUMN api.patients.full_name IS 'Name.';
COMMENT ON COLUMN api.patients.birth_date IS 'Date of birth.';
COMMENT ON COLUMN api.patients.ssn IS 'Social security number.';
COMMENT ON COLUMN api.patients.medical_history IS 'Medical history.';
COMMENT ON COLUMN api.patients.allergies IS 'Allergies.';
COMMENT ON COLUMN api.patients.status IS 'Standing of the patient.';
COMMENT ON COLUMN api.patients.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.patients.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.patients.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.patients OWNER TO tenancy_owner;

REVOKE ALL ON api.patients
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.patients TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata
) ON api.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata,
    created_at,
    updated_at
) ON api.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    full_name,
    birth_date,
    ssn,
    medical_history,
    allergies,
    status,
    metadata
) ON api.patients
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/pin_comments.sql
-- sql/views/api/pin_comments.sql: app.pin_comments for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.pin_comments
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata,
    created_at,
    updated_at
FROM app.pin_comments;

COMMENT ON VIEW api.pin_comments IS
'app.pin_comments as PostgREST serves it.';

COMMENT ON COLUMN api.pin_comments.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.pin_comments.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.pin_comments.pin_id IS 'The pin.';
COMMENT ON COLUMN api.pin_comments.author_id IS 'Customer who wrote it; NULL for staff.';
COMMENT ON COLUMN api.pin_comments.body IS 'Text.';
COMMENT ON COLUMN api.pin_comments.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.pin_comments.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.pin_comments.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.pin_comments OWNER TO tenancy_owner;

REVOKE ALL ON api.pin_comments
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.pin_comments TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata
) ON api.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    pin_id,
    author_id,
    body,
    metadata,
    created_at,
    updated_at
) ON api.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    pin_id,
    author_id,
    body,
    metadata
) ON api.pin_comments
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/pins.sql
-- sql/views/api/pins.sql: app.pins for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.pins
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    comment_count,
    metadata,
    created_at,
    updated_at
FROM app.pins;

COMMENT ON VIEW api.pins IS
'app.pins as PostgREST serves it.';

COMMENT ON COLUMN api.pins.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.pins.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.pins.customer_id IS 'Who left it; NULL for the tenant itself.';
COMMENT ON COLUMN api.pins.title IS 'Headline.';
COMMENT ON COLUMN api.pins.body IS 'Text.';
COMMENT ON COLUMN api.pins.latitude IS 'Degrees north.';
COMMENT ON COLUMN api.pins.longitude IS 'Degrees east.';
COMMENT ON COLUMN api.pins.status IS 'Who may see it on the map.';
COMMENT ON COLUMN api.pins.comment_count IS 'Number of comments; kept by a trigger.';
COMMENT ON COLUMN api.pins.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.pins.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.pins.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.pins OWNER TO tenancy_owner;

REVOKE ALL ON api.pins
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.pins TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    metadata
) ON api.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    comment_count,
    metadata,
    created_at,
    updated_at
) ON api.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    title,
    body,
    latitude,
    longitude,
    status,
    metadata
) ON api.pins
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/reservations.sql
-- sql/views/api/reservations.sql: app.reservations for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.reservations
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata,
    created_at,
    updated_at
FROM app.reservations;

COMMENT ON VIEW api.reservations IS
'app.reservations as PostgREST serves it.';

COMMENT ON COLUMN api.reservations.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.reservations.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.reservations.guest_id IS 'Who stays.';
COMMENT ON COLUMN api.reservations.customer_id IS 'Who booked.';
COMMENT ON COLUMN api.reservations.room IS 'Room number.';
COMMENT ON COLUMN api.reservations.status IS 'Where the stay stands.';
COMMENT ON COLUMN api.reservations.arrival IS 'First night.';
COMMENT ON COLUMN api.reservations.departure IS 'Day of leaving.';
COMMENT ON COLUMN api.reservations.adults IS 'Number of adults.';
COMMENT ON COLUMN api.reservations.currency IS 'Currency (ISO 4217).';
COMMENT ON COLUMN api.reservations.total IS 'Price of the stay, in currency.';
COMMENT ON COLUMN api.reservations.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.reservations.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.reservations.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.reservations OWNER TO tenancy_owner;

REVOKE ALL ON api.reservations
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.reservations TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata
) ON api.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata,
    created_at,
    updated_at
) ON api.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    guest_id,
    customer_id,
    room,
    status,
    arrival,
    departure,
    adults,
    currency,
    total,
    metadata
) ON api.reservations
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/settings.sql
-- sql/views/api/settings.sql: app.settings for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.settings
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata,
    created_at,
    updated_at
FROM app.settings;

COMMENT ON VIEW api.settings IS
'app.settings as PostgREST serves it.';

COMMENT ON COLUMN api.settings.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.settings.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.settings.branding IS 'Logo and colours; readable by customers.';
COMMENT ON COLUMN api.settings.notifications IS 'Which messages are sent.';
COMMENT ON COLUMN api.settings.features IS 'Feature flags: stored and served.';
COMMENT ON COLUMN api.settings.time_zone IS 'Zone of the place (IANA name).';
COMMENT ON COLUMN api.settings.currency IS 'Default currency (ISO 4217).';
COMMENT ON COLUMN api.settings.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.settings.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.settings.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.settings OWNER TO tenancy_owner;

REVOKE ALL ON api.settings
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.settings TO tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata
) ON api.settings
TO tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    branding
) ON api.settings
TO tenancy_customer;

GRANT SELECT (
    tenant_id,
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata,
    created_at,
    updated_at
) ON api.settings
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    branding,
    notifications,
    features,
    time_zone,
    currency,
    metadata
) ON api.settings
TO tenancy_manager, tenancy_admin;

-- include: sql/views/api/storage_buckets.sql
-- sql/views/api/storage_buckets.sql: app.storage_buckets for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.storage_buckets
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata,
    created_at,
    updated_at
FROM app.storage_buckets;

COMMENT ON VIEW api.storage_buckets IS
'app.storage_buckets as PostgREST serves it.';

COMMENT ON COLUMN api.storage_buckets.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.storage_buckets.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.storage_buckets.name IS 'Name, unique inside the tenant.';
COMMENT ON COLUMN api.storage_buckets.is_public IS 'Served without a signature.';
COMMENT ON COLUMN api.storage_buckets.max_object_bytes IS 'Largest object, in bytes.';
COMMENT ON COLUMN api.storage_buckets.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.storage_buckets.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.storage_buckets.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.storage_buckets OWNER TO tenancy_owner;

REVOKE ALL ON api.storage_buckets
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.storage_buckets TO tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata
) ON api.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    name,
    is_public,
    max_object_bytes,
    metadata,
    created_at,
    updated_at
) ON api.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    name,
    is_public,
    max_object_bytes,
    metadata
) ON api.storage_buckets
TO tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/storage_objects.sql
-- sql/views/api/storage_objects.sql: app.storage_objects for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.storage_objects
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata,
    created_at,
    updated_at
FROM app.storage_objects;

COMMENT ON VIEW api.storage_objects IS
'app.storage_objects as PostgREST serves it.';

COMMENT ON COLUMN api.storage_objects.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.storage_objects.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.storage_objects.bucket_id IS 'The bucket.';
COMMENT ON COLUMN api.storage_objects.customer_id IS 'Whose file it is, if a person''s.';
COMMENT ON COLUMN api.storage_objects.path IS 'Path, unique inside the bucket.';
COMMENT ON COLUMN api.storage_objects.content_type IS 'Media type (RFC 6838).';
COMMENT ON COLUMN api.storage_objects.size_bytes IS 'Size, in bytes.';
COMMENT ON COLUMN api.storage_objects.etag IS 'Digest of the bytes.';
COMMENT ON COLUMN api.storage_objects.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.storage_objects.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.storage_objects.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.storage_objects OWNER TO tenancy_owner;

REVOKE ALL ON api.storage_objects
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.storage_objects TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata
) ON api.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata,
    created_at,
    updated_at
) ON api.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    bucket_id,
    customer_id,
    path,
    content_type,
    size_bytes,
    etag,
    metadata
) ON api.storage_objects
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/survey_responses.sql
-- sql/views/api/survey_responses.sql: app.survey_responses for PostgREST.
-- Written by `make policies`. Invoker: wall, doors and grants of the table hold.

CREATE OR REPLACE VIEW api.survey_responses
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata,
    created_at,
    updated_at
FROM app.survey_responses;

COMMENT ON VIEW api.survey_responses IS
'app.survey_responses as PostgREST serves it.';

COMMENT ON COLUMN api.survey_responses.tenant_id IS 'Tenant: proven by the context.';
COMMENT ON COLUMN api.survey_responses.id IS 'Time-ordered id, unique inside the tenant.';
COMMENT ON COLUMN api.survey_responses.customer_id IS 'Who answered; NULL for anonymous.';
COMMENT ON COLUMN api.survey_responses.survey IS 'Name of the survey.';
COMMENT ON COLUMN api.survey_responses.score IS 'Would recommend, 0 to 10.';
COMMENT ON COLUMN api.survey_responses.answers IS 'Answers by question.';
COMMENT ON COLUMN api.survey_responses.comment IS 'In their own words.';
COMMENT ON COLUMN api.survey_responses.submitted_at IS 'When it was sent.';
COMMENT ON COLUMN api.survey_responses.metadata IS 'Free fields of the tenant''s own systems.';
COMMENT ON COLUMN api.survey_responses.created_at IS 'When the row was made.';
COMMENT ON COLUMN api.survey_responses.updated_at IS 'When it last changed; kept by a trigger.';

ALTER VIEW api.survey_responses OWNER TO tenancy_owner;

REVOKE ALL ON api.survey_responses
FROM public, tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin, tenancy_operator;

GRANT DELETE ON api.survey_responses TO tenancy_customer, tenancy_manager, tenancy_admin;

GRANT INSERT (
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata
) ON api.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT SELECT (
    tenant_id,
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata,
    created_at,
    updated_at
) ON api.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

GRANT UPDATE (
    id,
    customer_id,
    survey,
    score,
    answers,
    comment,
    submitted_at,
    metadata
) ON api.survey_responses
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

-- include: sql/views/api/tenants.sql
-- sql/views/api/tenants.sql: the caller's own tenant, one row, under the product's names.
-- Nothing to write: tenants are made by tenancy.create_tenant().

CREATE OR REPLACE VIEW api.tenants
WITH (security_invoker = true, security_barrier = true) AS
SELECT
    t.tenant_id,
    t.slug,
    t.slug AS subdomain,
    t.name,
    t.industry,
    t.status,
    t.custom_domain,
    upper(t.region) AS data_residency
FROM tenancy.current_tenant() AS t;

COMMENT ON VIEW api.tenants IS
'The public fields of the tenant of the request; no row for any other.';

COMMENT ON COLUMN api.tenants.tenant_id IS 'Its id: the tenant_id of every row.';
COMMENT ON COLUMN api.tenants.slug IS 'Its name in host names.';
COMMENT ON COLUMN api.tenants.subdomain IS 'The same, under the product''s name.';
COMMENT ON COLUMN api.tenants.name IS 'Name for people.';
COMMENT ON COLUMN api.tenants.industry IS 'restaurant, medspa or hotel.';
COMMENT ON COLUMN api.tenants.status IS 'Stage of life.';
COMMENT ON COLUMN api.tenants.data_residency IS 'Region of its data: US, EU or APAC.';
COMMENT ON COLUMN api.tenants.custom_domain IS 'Host name of its own, if any.';

ALTER VIEW api.tenants OWNER TO tenancy_owner;
REVOKE ALL ON api.tenants FROM public;
GRANT SELECT (
    tenant_id, slug, subdomain, name, industry, status, data_residency, custom_domain
) ON api.tenants
TO tenancy_customer, tenancy_staff, tenancy_manager, tenancy_admin;

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
