-- tenancy.mint_request_context(): prove the credential of a PostgREST request and sign the context.
--
-- Authority:   the raw token or key, verified here. A key beside a token must be of the tenant that
--              the token opens; host name and x-tenant-id / x-location-id (?tenant=, ?location=)
--              must agree, and only choose among the tenants of a user who belongs to several.
-- Tickets:     an administrator's has no place on a public endpoint.
-- Rate:        one that is used up refuses, for reading too; nothing is charged here.
-- Raises:      TN001 no access, whatever the reason. TN003 another context. PT429 over its
--              rate, of which PostgREST makes HTTP 429.
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
    v_actor uuid;
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

    v_actor := nullif(substr(tenancy_private.verified_context(), 37, 32), repeat('0', 32));
    IF tenancy_private.is_over_rate(tenant_id, 'api', v_actor) THEN
        RAISE EXCEPTION 'too many requests' USING
            ERRCODE = 'PT429', HINT = 'Charge action api by tenancy.check_rate_limit(), and wait.';
    END IF;
END;
$function$;

COMMENT ON FUNCTION tenancy.mint_request_context() IS
'Prove the credential in request.headers and sign the context. Called by tenancy.pre_request(). Raises TN001, TN003, PT429.';

ALTER FUNCTION tenancy.mint_request_context() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.mint_request_context() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.mint_request_context()
TO tenancy_gateway;
