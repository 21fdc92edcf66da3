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
    PERFORM tenancy.use_own_schema();
END;
$function$;

COMMENT ON FUNCTION tenancy.pre_request() IS
'Enter the tenant of the bearer token or API key in request.headers. For db-pre-request of PostgREST. Raises TN001, TN003, PT429.';

ALTER FUNCTION tenancy.pre_request() OWNER TO tenancy_kernel;
REVOKE ALL ON FUNCTION tenancy.pre_request() FROM public;
GRANT EXECUTE ON FUNCTION tenancy.pre_request()
TO tenancy_gateway;
