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
