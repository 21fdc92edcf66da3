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
