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

-- drop: functions/api/set_tenant_context.sql
DROP FUNCTION api.set_tenant_context(text);

-- drop: sql/views/api/tenants.sql
DROP VIEW api.tenants;

-- drop: functions/tenancy/current_tenant.sql
DROP FUNCTION tenancy.current_tenant();

-- drop: functions/tenancy/mint_request_context.sql
DROP FUNCTION tenancy.mint_request_context();

-- drop: functions/tenancy/pre_request.sql
DROP FUNCTION tenancy.pre_request();

-- drop: functions/tenancy/set_config.sql
DROP FUNCTION tenancy.set_config(text, text, boolean);

-- drop: functions/tenancy_private/find_tenant_of_host.sql
DROP FUNCTION tenancy_private.find_tenant_of_host(text);

-- drop: functions/tenancy_private/request_headers.sql
DROP FUNCTION tenancy_private.request_headers();

-- drop: functions/tenancy_private/request_key.sql
DROP FUNCTION tenancy_private.request_key();

-- drop: sql/views/api/analytics.sql
DROP VIEW api.analytics;

-- drop: sql/views/api/bookings.sql
DROP VIEW api.bookings;

-- drop: sql/views/api/branding.sql
DROP VIEW api.branding;

-- drop: sql/views/api/customers.sql
DROP VIEW api.customers;

-- drop: sql/views/api/guests.sql
DROP VIEW api.guests;

-- drop: sql/views/api/orders.sql
DROP VIEW api.orders;

-- drop: sql/views/api/patients.sql
DROP VIEW api.patients;

-- drop: sql/views/api/pin_comments.sql
DROP VIEW api.pin_comments;

-- drop: sql/views/api/pins.sql
DROP VIEW api.pins;

-- drop: sql/views/api/reservations.sql
DROP VIEW api.reservations;

-- drop: sql/views/api/settings.sql
DROP VIEW api.settings;

-- drop: sql/views/api/storage_buckets.sql
DROP VIEW api.storage_buckets;

-- drop: sql/views/api/storage_objects.sql
DROP VIEW api.storage_objects;

-- drop: sql/views/api/survey_responses.sql
DROP VIEW api.survey_responses;

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

-- include: functions/tenancy_private/request_credential.sql
-- tenancy_private.request_credential(): the raw credential of a PostgREST request, or NULL.
--
-- Raw:         request.jwt.claims is a setting like any other and proves nothing; the token does.
-- Tests:       tests/functions/tenancy/test_set_tenant_context.py

CREATE OR REPLACE FUNCTION tenancy_private.request_credential()
RETURNS text
LANGUAGE plpgsql
STABLE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_headers jsonb;
BEGIN
    v_headers := nullif(current_setting('request.headers', true), '')::jsonb;
    RETURN coalesce(
        substring(v_headers ->> 'authorization' FROM '^[Bb]earer +(.+)$'), v_headers ->> 'apikey'
    );
EXCEPTION
    WHEN data_exception THEN
        RETURN NULL;
END;
$function$;

COMMENT ON FUNCTION tenancy_private.request_credential() IS
'The bearer token or apikey header of request.headers; NULL when there is none.';

ALTER FUNCTION tenancy_private.request_credential() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy_private.request_credential() FROM public;

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
