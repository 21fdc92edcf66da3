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
